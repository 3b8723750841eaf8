package bucket

import (
	"bytes"
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"
)

// page is one answer of ListObjectsV2. Its memory is used again for the next.
type page struct {
	body      bytes.Buffer
	time      time.Time
	objects   []listed
	truncated bool
	token     string
	escaped   bool
}

// listed is an object as it lies in the page's buffer.
type listed struct {
	key, etag []byte
	size      int64
	archived  bool
}

// parse reads the XML in the buffer. It knows just what S3 sends: elements,
// text and the five entities; a general reader costs ten times as much, and
// listings are what the agent does all day. FuzzPage compares it with
// encoding/xml.
func (p *page) parse() error {
	p.objects, p.truncated, p.token, p.escaped = p.objects[:0], false, "", false
	s := scanner{rest: p.body.Bytes()}
	name, err := s.open()
	if err != nil {
		return err
	}
	if string(name) != "ListBucketResult" {
		return torn("the answer is a %q, not a listing", name)
	}
	complete := false
	for {
		name, end, err := s.next()
		if err != nil {
			return err
		}
		if end {
			break
		}
		switch string(name) {
		case "Contents":
			err = p.object(&s)
		case "IsTruncated":
			var text []byte
			text, err = s.text(name)
			p.truncated, complete = string(text) == "true", true
		case "NextContinuationToken":
			var text []byte
			text, err = s.text(name)
			p.token = string(text)
		case "EncodingType":
			var text []byte
			text, err = s.text(name)
			p.escaped = string(text) == "url"
		default:
			err = s.skip(name)
		}
		if err != nil {
			return err
		}
	}
	if !complete {
		return torn("the listing doesn't say whether it is complete")
	}
	if p.escaped {
		return p.unescape()
	}
	return nil
}

func (p *page) object(s *scanner) error {
	o := listed{size: -1}
	for {
		name, end, err := s.next()
		if err != nil {
			return err
		}
		if end {
			break
		}
		switch string(name) {
		case "Key":
			o.key, err = s.text(name)
		case "ETag":
			o.etag, err = s.text(name)
			o.etag = bytes.Trim(o.etag, `"`)
		case "Size":
			var text []byte
			if text, err = s.text(name); err == nil {
				if o.size, err = strconv.ParseInt(string(text), 10, 64); err != nil || o.size < 0 {
					return torn("the listing has a size of %q", text)
				}
			}
		case "StorageClass":
			var text []byte
			text, err = s.text(name)
			o.archived = string(text) == "GLACIER" || string(text) == "DEEP_ARCHIVE"
		default:
			err = s.skip(name)
		}
		if err != nil {
			return err
		}
	}
	if len(o.key) == 0 || len(o.etag) == 0 || o.size < 0 {
		return torn("the listing has an object without key, ETag or size")
	}
	p.objects = append(p.objects, o)
	return nil
}

// unescape undoes encoding-type=url, in place: the result is never longer.
func (p *page) unescape() error {
	for i := range p.objects {
		key := p.objects[i].key
		if bytes.IndexByte(key, '%') < 0 && bytes.IndexByte(key, '+') < 0 {
			continue
		}
		out := key[:0]
		for j := 0; j < len(key); j++ {
			c := key[j]
			switch c {
			case '+':
				c = ' '
			case '%':
				if j+2 >= len(key) {
					return torn("the listing has the badly escaped key %q", key)
				}
				v, err := strconv.ParseUint(string(key[j+1:j+3]), 16, 8)
				if err != nil {
					return torn("the listing has the badly escaped key %q", key)
				}
				c = byte(v)
				j += 2
			}
			out = append(out, c)
		}
		p.objects[i].key = out
	}
	return nil
}

// scanner reads the small part of XML that S3's listings use.
type scanner struct {
	rest []byte
	// empty says that the element just entered was written as <a/>.
	empty bool
}

// open skips what may stand before the first element and enters it.
func (s *scanner) open() ([]byte, error) {
	s.rest = bytes.TrimPrefix(s.rest, []byte("\xef\xbb\xbf"))
	for {
		s.rest = bytes.TrimLeft(s.rest, " \t\r\n")
		if !bytes.HasPrefix(s.rest, []byte("<?")) {
			break
		}
		_, rest, ok := bytes.Cut(s.rest, []byte("?>"))
		if !ok {
			return nil, errBroken
		}
		s.rest = rest
	}
	name, end, err := s.next()
	if err == nil && end {
		err = errBroken
	}
	return name, err
}

var errBroken = torn("the listing is broken off or no XML")

// next goes to the next tag: an element that begins, or the end of the one
// that we are in.
func (s *scanner) next() (name []byte, end bool, err error) {
	if s.empty {
		s.empty = false
		return nil, true, nil
	}
	i := bytes.IndexByte(s.rest, '<')
	if i < 0 {
		return nil, false, errBroken
	}
	if len(bytes.TrimSpace(s.rest[:i])) > 0 {
		return nil, false, torn("the listing has text between its elements")
	}
	j := bytes.IndexByte(s.rest[i:], '>')
	if j < 2 {
		return nil, false, errBroken
	}
	tag := s.rest[i+1 : i+j]
	s.rest = s.rest[i+j+1:]
	switch {
	case tag[0] == '/':
		return tag[1:], true, nil
	case tag[0] == '!' || tag[0] == '?':
		return nil, false, torn("the listing has XML that S3 doesn't send: %q", tag)
	case tag[len(tag)-1] == '/':
		s.empty = true
		return nameOf(tag[:len(tag)-1]), false, nil
	}
	return nameOf(tag), false, nil
}

// nameOf cuts the attributes off.
func nameOf(tag []byte) []byte {
	if i := bytes.IndexAny(tag, " \t\r\n"); i >= 0 {
		return tag[:i]
	}
	return tag
}

// text reads the text of an element that has nothing else in it, and its end.
func (s *scanner) text(name []byte) ([]byte, error) {
	if s.empty {
		s.empty = false
		return nil, nil
	}
	i := bytes.IndexByte(s.rest, '<')
	if i < 0 {
		return nil, errBroken
	}
	text := s.rest[:i]
	s.rest = s.rest[i:]
	if err := s.close(name); err != nil {
		return nil, err
	}
	if bytes.IndexByte(text, '&') >= 0 {
		return unescapeXML(text)
	}
	return text, nil
}

func (s *scanner) close(name []byte) error {
	n := len(name) + 3
	if len(s.rest) < n || s.rest[1] != '/' || !bytes.Equal(s.rest[2:n-1], name) || s.rest[n-1] != '>' {
		return errBroken
	}
	s.rest = s.rest[n:]
	return nil
}

// skip passes over an element that nobody asked about, with all in it.
func (s *scanner) skip(_ []byte) error {
	for depth := 1; depth > 0; {
		if i := bytes.IndexByte(s.rest, '<'); i > 0 && !s.empty {
			s.rest = s.rest[i:]
		}
		_, end, err := s.next()
		if err != nil {
			return err
		}
		if end {
			depth--
		} else {
			depth++
		}
	}
	return nil
}

// unescapeXML replaces entities, in place: the result is never longer.
func unescapeXML(text []byte) ([]byte, error) {
	out := text[:0]
	for len(text) > 0 {
		if text[0] != '&' {
			out = append(out, text[0])
			text = text[1:]
			continue
		}
		i := bytes.IndexByte(text, ';')
		if i < 2 {
			return nil, errBroken
		}
		entity := text[1:i]
		text = text[i+1:]
		switch string(entity) {
		case "amp":
			out = append(out, '&')
		case "lt":
			out = append(out, '<')
		case "gt":
			out = append(out, '>')
		case "quot":
			out = append(out, '"')
		case "apos":
			out = append(out, '\'')
		default:
			r, err := character(entity)
			if err != nil {
				return nil, err
			}
			out = utf8.AppendRune(out, r)
		}
	}
	return out, nil
}

func character(entity []byte) (rune, error) {
	base, digits := 10, entity[1:]
	if len(digits) > 1 && digits[0] == 'x' {
		base, digits = 16, digits[1:]
	}
	n, err := strconv.ParseInt(string(digits), base, 32)
	if entity[0] != '#' || err != nil || !utf8.ValidRune(rune(n)) {
		return 0, torn("the listing has the unknown entity %q", fmt.Sprintf("&%s;", entity))
	}
	return rune(n), nil
}
