// A client of Go's net/http for the tests with real clients: `client PROTOCOL URL`, with PROTOCOL one of http1, http2 and h2c.
// It sends requests at the same time, with and without bodies, and prints one JSON line for each.
package main

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
)

const requests = 20

type result struct {
	Proto   string
	Status  int
	Body    string
	Trailer string
	Error   string
}

func main() {
	protocol, url := os.Args[1], os.Args[2]
	var protocols http.Protocols
	protocols.SetHTTP1(protocol == "http1")
	protocols.SetHTTP2(protocol == "http2")
	protocols.SetUnencryptedHTTP2(protocol == "h2c")
	client := &http.Client{Transport: &http.Transport{
		Protocols:       &protocols,
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
	}}
	results := make([]result, requests)
	var all sync.WaitGroup
	for number := range results {
		all.Go(func() { results[number] = send(client, url, number) })
	}
	all.Wait()
	for _, result := range results {
		line, _ := json.Marshal(result)
		fmt.Println(string(line))
	}
}

// Every second request has a body; every fourth one says its length.
func send(client *http.Client, url string, number int) result {
	method, body := "GET", io.Reader(nil)
	if number%2 == 1 {
		method = "POST"
		content := bytes.Repeat([]byte{byte('a' + number)}, 1000*number*number)
		body = bytes.NewReader(content)
		if number%4 == 1 {
			body = struct{ io.Reader }{body}
		}
	}
	request, err := http.NewRequest(method, fmt.Sprintf("%s?number=%d", url, number), body)
	if err != nil {
		return result{Error: err.Error()}
	}
	request.Header.Set("TE", "trailers")
	response, err := client.Do(request)
	if err != nil {
		return result{Error: err.Error()}
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return result{Error: err.Error()}
	}
	return result{
		Proto:   response.Proto,
		Status:  response.StatusCode,
		Body:    strings.TrimSpace(string(content)),
		Trailer: response.Trailer.Get("X-Trailer"),
	}
}
