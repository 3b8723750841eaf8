package bucket

import "time"

// SetLimits shortens the limits on silence, and on a listing's page.
func (c *Client) SetLimits(silence, pageTime time.Duration, maxPage int64) {
	c.silence, c.pageTime, c.maxPage = silence, pageTime, maxPage
}
