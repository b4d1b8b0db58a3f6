// Checks kommosign.go against the vectors of this repository:
// go run kommosign.go vectors.go VECTORS_DIR. You do not need this file.
package main

import (
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"time"
)

type vector struct {
	folder                            string
	Secret, Method, Path, Sbs, Ranstr string
	Verdict                           string
	ContentType                       string  `json:"content_type"` // null becomes ""
	Date                              string  // null becomes ""
	ContentMD5                        *string `json:"content_md5"`
	Flags                             []string
	ClientID                          string      `json:"client_id"`
	AccountID                         json.Number `json:"account_id"` // null becomes ""
	Secrets                           []string
}

func (v vector) has(flag string) bool {
	return strings.Contains(" "+strings.Join(v.Flags, " ")+" ", " "+flag+" ")
}

// require stops a case with a panic, which run in main turns into a failure.
func require(holds bool, what string) {
	if !holds {
		panic(what)
	}
}

func (v vector) text(name string) string {
	data, err := os.ReadFile(filepath.Join(v.folder, name))
	require(err == nil, "cannot read "+name)
	return string(data)
}

func (v vector) textOrEmpty(name string) string {
	if _, err := os.Stat(filepath.Join(v.folder, name)); errors.Is(err, os.ErrNotExist) {
		return ""
	}
	return v.text(name)
}

func (v vector) checkChatsRequest() {
	method, contentMD5, md5Line := strings.ToUpper(v.Method), v.text("content-md5.txt"), ""
	if v.ContentMD5 != nil {
		md5Line = contentMD5
	}
	text, err := ChatsStringToSign(method, md5Line, v.ContentType, v.Date, v.Path)
	require(err == nil && text == v.text("string-to-sign.txt"), "string to sign")
	mac, err := macOf(sha1.New, v.Secret, []byte(text))
	signature := hex.EncodeToString(mac)
	require(err == nil && signature == v.text("signature.txt"), "signature")
	if v.Verdict == "invalid" && !v.has("signature-matches") {
		require(signature != v.textOrEmpty("received-signature.txt"), "verdict")
	}
	if v.has("md5-given") {
		return
	}
	body := []byte(v.text("body.bin"))
	require(md5Hex(body) == contentMD5, "MD5 of the body")
	if v.ContentType != "" && v.Date != "" && v.ContentMD5 != nil {
		got, err := SignChatsRequest(v.Secret, method, v.Path, v.Date, v.ContentType, body)
		want := map[string]string{"Date": v.Date, "Content-Type": v.ContentType,
			"Content-MD5": contentMD5, "X-Signature": signature}
		require(err == nil && reflect.DeepEqual(got, want), "headers")
	}
}

func (v vector) check(family string) {
	switch family {
	case "chats-request":
		v.checkChatsRequest()
	case "disconnect":
		secrets, proven, wanted := v.Secrets, []string{}, []string{}
		if len(secrets) == 0 { // several during a rotation (rule X6)
			secrets = []string{v.Secret}
		}
		for _, secret := range secrets {
			account, err := VerifyDisconnectHook(secret, v.ClientID, v.text("query.txt"))
			if err == nil && account != "" {
				proven = append(proven, account)
			}
		}
		if v.Verdict == "valid" {
			wanted = append(wanted, v.AccountID.String())
		}
		require(reflect.DeepEqual(proven, wanted), "verdict")
	case "visitor":
		signature, err := VisitorSignature(v.Sbs, v.Secret, v.Ranstr)
		require(err == nil && signature == v.text("signature.txt"), "signature")
	default:
		verify := map[string]func(string, []byte, string) (bool, error){
			"open-api": VerifyOpenAPI, "chat-hook": VerifyChatHook}[family]
		genuine, err := verify(v.Secret, []byte(v.text("body.bin")), v.textOrEmpty("signature.txt"))
		genuine = genuine && err == nil // a blank secret is refused
		require(genuine == (v.Verdict == "valid"), "verdict")
	}
}

// ownChecks covers what no vector can show: the date writer, and what is refused or accepted.
func ownChecks(run func(string, func())) {
	date := "Wed, 23 Nov 2022 19:25:21 +0000"
	run("date", func() { require(RequestDate(time.Unix(1669231521, 0)) == date, "text") })
	run("date, one-digit day", func() {
		require(RequestDate(time.Unix(951782400, 0)) == "Tue, 29 Feb 2000 00:00:00 +0000", "text")
	})
	signsWith := func(place int, text string) bool {
		a := []string{"secret", "POST", "/v2/a", date, "application/json"}
		a[place] = text
		_, err := SignChatsRequest(a[0], a[1], a[2], a[3], a[4], []byte("{}"))
		return err == nil
	}
	repeat := strings.Repeat
	for place, texts := range [][]string{
		{"", "\n", " \u0085\u2003\ufeff", repeat("s", 257), repeat("\u00e9", 129)},
		{"", "GET\n", "get", "CONNECT", repeat("A", 17)},
		{"", "/a\n", "/a?b=c", "//a", "/../a", "/a/.", "/%2E", "/'",
			"/%41", "/%40", "/%2C", "/%27", "/%7E", "/%c3", "/%2f", "/%2"},
		{"", date + "\n"},
		{"", "a\rb"},
	} {
		for _, text := range texts {
			name := fmt.Sprintf("refuses %q as argument %d", text, place)
			run(name, func() { require(!signsWith(place, text), "accepted") })
		}
	}
	for place, texts := range [][]string{
		{repeat(" s", 128)}, {repeat("A", 16)}, {"/", "/a.b/...//:@!$&()*+,;=~/%C3%A9%2F%5E"}} {
		for _, text := range texts {
			name := fmt.Sprintf("accepts %q as argument %d", text, place)
			run(name, func() { require(signsWith(place, text), "refused") })
		}
	}
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: go run kommosign.go vectors.go VECTORS_DIR")
		os.Exit(2)
	}
	passed, failed := 0, 0
	run := func(name string, check func()) {
		defer func() {
			if reason := recover(); reason != nil {
				fmt.Fprintf(os.Stderr, "failed: %s: %v\n", name, reason)
				failed++
			} else {
				passed++
			}
		}()
		check()
	}
	ownChecks(run)
	for _, family := range []string{"chats-request", "open-api", "chat-hook", "disconnect", "visitor"} {
		cases, _ := filepath.Glob(filepath.Join(os.Args[1], family, "*", "context.json"))
		if len(cases) == 0 {
			run(family, func() { panic("no case found") })
		}
		for _, file := range cases {
			v := vector{folder: filepath.Dir(file)}
			run(v.folder, func() {
				require(json.Unmarshal([]byte(v.text("context.json")), &v) == nil, "context.json")
				v.check(family)
			})
		}
	}
	fmt.Printf("go: %d passed, %d failed\n", passed, failed)
	if failed > 0 {
		os.Exit(1)
	}
}
