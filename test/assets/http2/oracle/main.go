// Reads HPACK blocks and HTTP/2 frames with the decoders of golang.org/x/net, and ClientHellos with crypto/tls, and says what
// they are: one line of answer for each line of input. The fuzz tests compare it with the decoders in src.
package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

const tableSize = 4096
const maxFrameSize = 16384

func main() {
	answer := map[string]func(string) string{"hpack": readBlocks, "frames": readFrames, "hello": readHello}[os.Args[1]]
	input := bufio.NewReaderSize(os.Stdin, 1<<20)
	output := bufio.NewWriter(os.Stdout)
	for {
		line, err := input.ReadString('\n')
		if err != nil {
			return
		}
		fmt.Fprintln(output, answer(strings.TrimSuffix(line, "\n")))
		if input.Buffered() == 0 {
			output.Flush()
		}
	}
}

func bytesOf(text string) []byte {
	bytes, err := hex.DecodeString(text)
	if err != nil {
		panic(err)
	}
	return bytes
}

// The blocks of one connection, with commas between them. Of each block its fields, and "!" when it is wrong: the connection
// then ends.
func readBlocks(line string) string {
	var lines []string
	decoder := hpack.NewDecoder(tableSize, func(field hpack.HeaderField) {
		mark := ""
		if field.Sensitive {
			mark = " never indexed"
		}
		lines = append(lines, hex.EncodeToString([]byte(field.Name))+":"+hex.EncodeToString([]byte(field.Value))+mark)
	})
	for _, block := range strings.Split(line, ",") {
		_, err := decoder.Write(bytesOf(block))
		if err == nil {
			err = decoder.Close()
		}
		if err != nil {
			lines = append(lines, "!")
			break
		}
		lines = append(lines, "")
	}
	return strings.Join(lines, "|")
}

// The frames of one connection, behind the preface: a line for each, and the error that ends them.
func readFrames(line string) string {
	framer := http2.NewFramer(nil, bytes.NewReader(bytesOf(line)))
	framer.SetMaxReadFrameSize(maxFrameSize)
	var lines []string
	var block []byte
	endsStream := false
	endBlock := func(frame http2.Frame) {
		lines = append(lines, fmt.Sprintf("headers %d %x %t", frame.Header().StreamID, block, endsStream))
		block = nil
	}
	for {
		frame, err := framer.ReadFrame()
		if err != nil {
			return strings.Join(append(lines, errorLines(err)...), "|")
		}
		switch frame := frame.(type) {
		case *http2.DataFrame:
			lines = append(lines, fmt.Sprintf("data %d %x %t", frame.StreamID, frame.Data(), frame.StreamEnded()))
		case *http2.HeadersFrame:
			block = append(block, frame.HeaderBlockFragment()...)
			endsStream = frame.StreamEnded()
			if frame.HeadersEnded() {
				endBlock(frame)
			}
		case *http2.ContinuationFrame:
			block = append(block, frame.HeaderBlockFragment()...)
			if frame.HeadersEnded() {
				endBlock(frame)
			}
		case *http2.RSTStreamFrame:
			lines = append(lines, fmt.Sprintf("reset %d %d", frame.StreamID, frame.ErrCode))
		case *http2.SettingsFrame:
			if frame.IsAck() {
				lines = append(lines, "settings acknowledged")
				break
			}
			err := frame.ForeachSetting(func(setting http2.Setting) error { return setting.Valid() })
			if err != nil {
				return strings.Join(append(lines, errorLines(err)...), "|")
			}
			lines = append(lines, "settings")
		case *http2.PingFrame:
			lines = append(lines, fmt.Sprintf("ping %x %t", frame.Data, frame.IsAck()))
		case *http2.GoAwayFrame:
			lines = append(lines, fmt.Sprintf("goaway %d %d", frame.LastStreamID, frame.ErrCode))
		case *http2.WindowUpdateFrame:
			lines = append(lines, fmt.Sprintf("window %d %d", frame.StreamID, frame.Increment))
		case *http2.PushPromiseFrame:
			return strings.Join(append(lines, "push"), "|")
		}
	}
}

func errorLines(err error) []string {
	var connectionError http2.ConnectionError
	var streamError http2.StreamError
	switch {
	case errors.As(err, &connectionError):
		return []string{fmt.Sprintf("error %d", uint32(connectionError))}
	case errors.As(err, &streamError):
		return []string{fmt.Sprintf("stream %d error %d", streamError.StreamID, uint32(streamError.Code))}
	case errors.Is(err, http2.ErrFrameTooLarge):
		return []string{fmt.Sprintf("error %d", uint32(http2.ErrCodeFrameSize))}
	}
	// The bytes are over, mostly amid a frame.
	return nil
}

// Bytes that a client has sent, and nothing behind them.
type sent struct{ *bytes.Reader }

func (sent) Write(bytes []byte) (int, error)  { return len(bytes), nil }
func (sent) Close() error                     { return nil }
func (sent) LocalAddr() net.Addr              { return nil }
func (sent) RemoteAddr() net.Addr             { return nil }
func (sent) SetDeadline(time.Time) error      { return nil }
func (sent) SetReadDeadline(time.Time) error  { return nil }
func (sent) SetWriteDeadline(time.Time) error { return nil }

var errRead = errors.New("the hello has been read")

// "name NAME" for a hello, "more" where its end has not come, "bad" for anything else.
func readHello(line string) string {
	answer := ""
	config := &tls.Config{GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		answer = "name " + hex.EncodeToString([]byte(hello.ServerName))
		return nil, errRead
	}}
	err := tls.Server(sent{bytes.NewReader(bytesOf(line))}, config).Handshake()
	switch {
	case answer != "":
		return answer
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return "more"
	}
	return "bad"
}
