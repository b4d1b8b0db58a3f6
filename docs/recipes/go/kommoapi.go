// Calls the CRM API of Kommo / amoCRM with a token from `kommo auth credential`, standard library
// only.
//
// The program keeps the grant and refreshes it once for all processes, so no refresh token ever
// enters Go. Copy this file into a package of yours. A service without HOME names the file of its
// profile:
//
//	kommo := NewKommoAPI("kommo", "--profile", "/etc/kommo/profiles/shop.toml")
//	status, body, err := kommo.Call("GET", "/api/v4/account", nil)
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"sync"
	"time"
)

// A token is used until this long before its end.
const kommoMargin = time.Minute

var kommoTarget = regexp.MustCompile(`^/[\x21-\x7e]*$`)

// ErrKommoPath refuses a path before a call is sent.
var ErrKommoPath = errors.New("the path must begin with a slash and be escaped")

// KommoCredentialError says why there is no token.
type KommoCredentialError struct {
	// Code is stable: the table "Error codes" in the README of kommo-cli says for each whether to
	// ask for a new consent, to wait or to change a setting.
	Code    string `json:"code"`
	Message string `json:"message"`
	// RetryAt is in Unix seconds, or nil; before that instant another try is useless.
	RetryAt *int64 `json:"retry_at"`
}

func (e *KommoCredentialError) Error() string { return e.Code + ": " + e.Message }

type kommoCredential struct {
	AccessToken string                `json:"access_token"`
	ExpiresAt   *int64                `json:"expires_at"`
	Generation  uint64                `json:"generation"`
	BaseURL     string                `json:"base_url"`
	Host        string                `json:"host"`
	Failure     *KommoCredentialError `json:"error"`
}

// KommoAPI keeps the current token. It may be shared between goroutines.
type KommoAPI struct {
	program string
	options []string
	client  http.Client
	mutex   sync.Mutex
	current *kommoCredential
}

// NewKommoAPI takes the program, "kommo" or its path, and further options of it, such as
// "--account", "shop.kommo.com".
func NewKommoAPI(program string, options ...string) *KommoAPI {
	api := &KommoAPI{program: program, options: options}
	api.client.Timeout = 30 * time.Second
	// A redirect would take the token to another host.
	api.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return api
}

// Call sends one call; after a 401 once more with another token, and the same method, path and body
// (rule L10).
//
// path begins with a slash: "/api/v4/leads?limit=50". body is JSON, or nil. A refusal of the
// platform (402, 403, 404, 429...) is an answer like any other: look at the status.
func (api *KommoAPI) Call(method, path string, body []byte) (int, []byte, error) {
	// Anything else could lead the token to another host: "https://shop.kommo.com" +
	// "@example.com/".
	if !kommoTarget.MatchString(path) {
		return 0, nil, ErrKommoPath
	}
	credential, err := api.fresh()
	if err != nil {
		return 0, nil, err
	}
	status, answer, err := api.send(credential, method, path, body)
	if err != nil || status != http.StatusUnauthorized {
		return status, answer, err
	}
	if credential, err = api.replace(credential); err != nil {
		return 0, nil, err
	}
	return api.send(credential, method, path, body)
}

func (api *KommoAPI) fresh() (*kommoCredential, error) {
	api.mutex.Lock()
	defer api.mutex.Unlock()
	current := api.current
	if current != nil && (current.ExpiresAt == nil || time.Now().Add(kommoMargin).Unix() <= *current.ExpiresAt) {
		return current, nil
	}
	return api.ask()
}

func (api *KommoAPI) replace(rejected *kommoCredential) (*kommoCredential, error) {
	api.mutex.Lock()
	defer api.mutex.Unlock()
	if api.current != rejected {
		return api.current, nil // another goroutine was quicker
	}
	// Refreshed only if this generation is still the current one: another process may have been
	// quicker.
	return api.ask("--rejected-generation", strconv.FormatUint(rejected.Generation, 10))
}

func (api *KommoAPI) ask(more ...string) (*kommoCredential, error) {
	arguments := append([]string{"auth", "credential", "--format", "json"}, api.options...)
	// Never kill the program (no CommandContext): it may be between a refresh token and its
	// successor.
	program := exec.Command(api.program, append(arguments, more...)...)
	program.Stderr = os.Stderr
	output, ended := program.Output()
	var answer kommoCredential
	if err := json.Unmarshal(output, &answer); err != nil {
		return nil, &KommoCredentialError{Code: "no-answer", Message: fmt.Sprintf("kommo: %v", ended)}
	}
	if answer.Failure != nil {
		return nil, answer.Failure
	}
	api.current = &answer
	return api.current, nil
}

func (api *KommoAPI) send(credential *kommoCredential, method, path string, body []byte) (int, []byte, error) {
	// Both come from the credential: so a sandbox's token never reaches the real platform, nor the
	// reverse.
	request, err := http.NewRequest(method, credential.BaseURL+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	request.Host = credential.Host
	request.Header.Set("Authorization", "Bearer "+credential.AccessToken)
	request.Header.Set("User-Agent", "my-integration/1.0")
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := api.client.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	return response.StatusCode, answer, err
}
