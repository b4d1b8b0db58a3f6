// Signatures for the Kommo / amoCRM Chats API, the Open API and the disconnect hook, standard
// library only.
//
// Copy this file into a package of yours. Rule numbers (S1, H2, ...) are those of docs/protocol.md.
// Secrets belong to the back end only, never to JavaScript in a page (rule S12).
package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"regexp"
	"strings"
	"time"
)

var (
	upperMethod = regexp.MustCompile(`^[A-Z]{1,16}$`)
	// RFC 3986 path characters without the quote, and upper-case escapes of the bytes that cannot
	// stand there bare.
	plainPath = regexp.MustCompile(`^/(?:[A-Za-z0-9._~!$&()*+,;=:@/-]|%(?:[01][0-9A-F]|2[0235F]|3[CEF]|5[B-E]|60|7[BCDF]|[89A-F][0-9A-F]))*$`)
	// HTTP libraries may rewrite all else and these,
	// and then the path on the wire is not the one that was signed (S6, S13).
	rewritten = regexp.MustCompile(`^//|/\.\.?(?:/|$)`)
	blank     = regexp.MustCompile(`^[\p{Z}\p{Cc}\x{feff}]*$`)
	control   = regexp.MustCompile(`[\x00-\x1f\x7f]`)
	hex40     = regexp.MustCompile(`^[0-9a-fA-F]{40}$`)
	hex64     = regexp.MustCompile(`^[0-9a-f]{64}$`)
	digits    = regexp.MustCompile(`^[0-9]{1,20}$`)
)

// RequestDate writes "Wed, 23 Nov 2022 19:25:21 +0000" (rule D1), in UTC whatever the zone of t.
// Call it once per attempt. A signature lives 15 minutes, so a retry is dated and signed anew (D3,
// D6).
func RequestDate(t time.Time) string {
	return t.UTC().Format(time.RFC1123Z)
}

// SignChatsRequest returns the four headers of a Chats API request. Send exactly these texts and
// this body.
//
// body is bytes: marshal once, sign those bytes, send those bytes (rule S9). path has no host and
// no query (S6). A GET has an empty body and still a content type (S4, S5). contentType is
// "application/json"; the live server supports no other (S5).
func SignChatsRequest(secret, method, path, date, contentType string, body []byte) (map[string]string, error) {
	if date == "" || contentType == "" {
		return nil, errors.New("a client always sends Date and Content-Type") // rule S8
	}
	contentMD5 := md5Hex(body) // hex, not base64 (rule S4)
	text, err := ChatsStringToSign(method, contentMD5, contentType, date, path)
	if err != nil {
		return nil, err
	}
	mac, err := macOf(sha1.New, secret, []byte(text))
	if err != nil {
		return nil, err
	}
	return map[string]string{
		"Date":         date, // the same text that was signed, never a second reading of the clock (rule D6)
		"Content-Type": contentType,
		"Content-MD5":  contentMD5,
		"X-Signature":  hex.EncodeToString(mac),
	}, nil
}

// ChatsStringToSign joins five lines with four line feeds, none at the end (rule S1). An absent
// header is an empty line (S8).
func ChatsStringToSign(method, contentMD5, contentType, date, path string) (string, error) {
	if !upperMethod.MatchString(method) || method == "CONNECT" {
		return "", errors.New("the method must be 1 to 16 upper-case letters, and not CONNECT") // rules S3, S14
	}
	if !plainPath.MatchString(path) || rewritten.MatchString(path) {
		return "", errors.New("the path must start with / and have no query, dot segment, needless escape or odd character")
	}
	if control.MatchString(contentMD5 + contentType + date) {
		return "", errors.New("control character in a signed header") // a line feed would forge a line (rule S11)
	}
	return strings.Join([]string{method, contentMD5, contentType, date, path}, "\n"), nil
}

// VerifyChatHook tells whether a chat hook is genuine. body is what arrived, before any parsing
// (rule H1).
//
// Live hooks end in a line feed that was not signed, so one LF or one CR LF may be missing from the
// signed bytes, and nothing more (H2). signature is the X-Signature header, "" if absent.
func VerifyChatHook(secret string, body []byte, signature string) (bool, error) {
	if err := requireSecret(secret); err != nil {
		return false, err
	}
	if !hex40.MatchString(signature) {
		return false, nil
	}
	received, err := hex.DecodeString(signature)
	if err != nil {
		return false, err
	}
	withoutLineEnd := body
	if bytes.HasSuffix(body, []byte("\n")) {
		withoutLineEnd = bytes.TrimSuffix(body[:len(body)-1], []byte("\r"))
	}
	genuine := false
	for _, signed := range [][]byte{body, withoutLineEnd} {
		expected, err := macOf(sha1.New, secret, signed)
		if err != nil {
			return false, err
		}
		// bytes.Equal would stop at the first difference, and its timing would tell where (rule H3).
		same := hmac.Equal(expected, received)
		genuine = genuine || same
	}
	return genuine, nil
}

// VerifyDisconnectHook returns the id of the account whose access ended, as decimal text, or "" if
// the hook is not genuine.
//
// secret is the client secret of the integration, not the channel secret. query is r.URL.RawQuery,
// as it arrived: url.Values hides nothing, but its Get takes the first of two (rule X4). clientID
// is your own: what arrived must equal it (X3). The signature has no time, so a captured hook stays
// valid: ask the API, and delete nothing on the hook alone (X7).
func VerifyDisconnectHook(secret, clientID, query string) (string, error) {
	found := map[string]string{}
	for _, pair := range strings.Split(query, "&") {
		name, value := pair, ""
		if at := strings.IndexByte(pair, '='); at >= 0 {
			name, value = pair[:at], pair[at+1:]
		}
		switch name {
		case "account_id", "client_uuid", "client_id", "signature":
			if _, twice := found[name]; twice {
				return "", nil // rule X4
			}
			found[name] = value
		} // other names belong to the address that you registered
	}
	for _, name := range []string{"client_uuid", "client_id"} {
		if received, came := found[name]; came && received != clientID {
			return "", nil // another integration, or two ids that differ (rule X3)
		}
	}
	if found["client_uuid"] == "" && found["client_id"] == "" {
		return "", nil
	}
	// 1 to 20 digits, read as a number: leading zeros are not signed (rule X2).
	account := strings.TrimLeft(found["account_id"], "0")
	signature := strings.ToLower(found["signature"]) // base64 is refused (rule X5)
	if !digits.MatchString(found["account_id"]) || account == "" || !hex64.MatchString(signature) {
		return "", nil
	}
	expected, err := macOf(sha256.New, secret, []byte(clientID+"|"+account)) // rule X1
	if err != nil || !hmac.Equal([]byte(hex.EncodeToString(expected)), []byte(signature)) {
		return "", err
	}
	return account, nil
}

// SignOpenAPI returns the x-chat-signature of an Open API body: the raw bytes alone are signed
// (rules O1, O3).
func SignOpenAPI(secret string, body []byte) (string, error) {
	mac, err := macOf(sha256.New, secret, body)
	return hex.EncodeToString(mac), err
}

// VerifyOpenAPI tells whether an Open API webhook is genuine (rule O4). Only bare lower-case hex
// will do (O2).
func VerifyOpenAPI(secret string, body []byte, signature string) (bool, error) {
	expected, err := SignOpenAPI(secret, body)
	if err != nil {
		return false, err
	}
	return hex64.MatchString(signature) && hmac.Equal([]byte(expected), []byte(signature)), nil
}

// VisitorSignature returns sbs_mm of a visitor (rule V1). It never expires: make it on the server,
// per visitor.
func VisitorSignature(sbs, secret, ranstr string) (string, error) {
	if err := requireSecret(secret); err != nil {
		return "", err
	}
	inner := md5Hex([]byte(sbs + "_" + secret))
	return md5Hex([]byte(inner + "_" + ranstr)), nil
}

func requireSecret(secret string) error {
	if blank.MatchString(secret) || len(secret) > 256 {
		return errors.New("the secret is blank or has more than 256 bytes") // rules S14, O5
	}
	return nil
}

func macOf(algorithm func() hash.Hash, secret string, message []byte) ([]byte, error) {
	if err := requireSecret(secret); err != nil {
		return nil, err
	}
	// The key is the secret's text. It looks like hex, but is never hex-decoded (rules S2, O1).
	mac := hmac.New(algorithm, []byte(secret))
	mac.Write(message)
	return mac.Sum(nil), nil
}

func md5Hex(message []byte) string {
	sum := md5.Sum(message)
	return hex.EncodeToString(sum[:])
}
