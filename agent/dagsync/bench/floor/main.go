// Command floor is the least that any sync client must do: it is told what
// changed, lists the prefix with net/http and encoding/xml, fetches what it
// was told, and writes it in place. It signs nothing, compares nothing and
// survives nothing: a lower bound for the benchmark, not a tool.
//
//	floor URL/BUCKET PREFIX DIRECTORY all|KEY…
package main

import (
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

type listing struct {
	Contents              []struct{ Key string }
	IsTruncated           bool
	NextContinuationToken string
}

func main() {
	if len(os.Args) < 4 {
		fmt.Fprintln(os.Stderr, "usage: floor URL/BUCKET PREFIX DIRECTORY [all|KEY…]")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2], os.Args[3], os.Args[4:]); err != nil {
		fmt.Fprintln(os.Stderr, "floor:", err)
		os.Exit(1)
	}
}

func run(bucket, prefix, directory string, delta []string) error {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 16
	client := &http.Client{Transport: transport}
	keys, err := list(client, bucket, prefix)
	if err != nil {
		return err
	}
	if len(delta) != 1 || delta[0] != "all" {
		keys = delta
	}
	next := make(chan string)
	var group sync.WaitGroup
	var mu sync.Mutex
	var failed error
	for range 16 {
		group.Go(func() {
			for key := range next {
				if err := fetch(client, bucket, key, filepath.Join(directory, strings.TrimPrefix(key, prefix))); err != nil {
					mu.Lock()
					failed = err
					mu.Unlock()
				}
			}
		})
	}
	for _, key := range keys {
		next <- key
	}
	close(next)
	group.Wait()
	return failed
}

func list(client *http.Client, bucket, prefix string) ([]string, error) {
	var keys []string
	token := ""
	for {
		query := url.Values{"list-type": {"2"}, "prefix": {prefix}}
		if token != "" {
			query.Set("continuation-token", token)
		}
		response, err := client.Get(bucket + "?" + query.Encode())
		if err != nil {
			return nil, err
		}
		var page listing
		err = xml.NewDecoder(response.Body).Decode(&page)
		_ = response.Body.Close()
		if err != nil {
			return nil, err
		}
		for _, o := range page.Contents {
			keys = append(keys, o.Key)
		}
		if !page.IsTruncated {
			return keys, nil
		}
		token = page.NextContinuationToken
	}
}

func fetch(client *http.Client, bucket, key, path string) error {
	response, err := client.Get(bucket + "/" + key)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if _, err := io.Copy(f, response.Body); err != nil {
		return err
	}
	return f.Close()
}
