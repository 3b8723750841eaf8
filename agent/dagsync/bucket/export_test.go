package bucket

import "time"

// SetSilence shortens the limit on silence.
func (c *Client) SetSilence(d time.Duration) { c.silence = d }
