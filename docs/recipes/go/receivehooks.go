// Receives the two signed hooks of Kommo / amoCRM: POST is a chat hook, GET is a disconnect hook.
//
// It reads three variables: KOMMO_CHANNEL_SECRET_FILE and KOMMO_CLIENT_SECRET_FILE name files,
// KOMMO_CLIENT_ID is the id of the integration. To try it, beside kommosign.go:
// go run kommosign.go receivehooks.go 8080.
package main

import (
	"encoding/json"
	"io"
	"log"
	"net/http"
	"os"
	"strings"
)

const bodyBytesMax = 1024 * 1024

func receiveHook(answer http.ResponseWriter, request *http.Request) {
	status, err := judgeHook(request)
	if err != nil {
		log.Print(err)
		status = http.StatusInternalServerError
	}
	answer.WriteHeader(status)
}

func judgeHook(request *http.Request) (int, error) {
	if request.Method == http.MethodPost {
		// The bytes that arrived, before any parser (rule H1).
		body, err := io.ReadAll(io.LimitReader(request.Body, bodyBytesMax+1))
		if err != nil {
			return 0, err
		}
		if len(body) > bodyBytesMax {
			return http.StatusRequestEntityTooLarge, nil
		}
		secret, err := secretIn("KOMMO_CHANNEL_SECRET_FILE")
		if err != nil {
			return 0, err
		}
		// Two values are none of ours: joined, they do not verify.
		signature := strings.Join(request.Header.Values("X-Signature"), ",")
		genuine, err := VerifyChatHook(secret, body, signature)
		if err != nil || !genuine {
			return http.StatusUnauthorized, err
		}
		return http.StatusOK, keepHook("chat", string(body))
	}
	secret, err := secretIn("KOMMO_CLIENT_SECRET_FILE")
	if err != nil {
		return 0, err
	}
	account, err := VerifyDisconnectHook(secret, os.Getenv("KOMMO_CLIENT_ID"), request.URL.RawQuery)
	if err != nil || account == "" {
		return http.StatusUnauthorized, err
	}
	return http.StatusOK, keepHook("disconnect", account)
}

// keepHook returns once the hook is on disk: one that is answered with 200 is not sent again. Do the
// work later, elsewhere.
func keepHook(kind, hook string) error {
	name := os.Getenv("HOOK_FILE")
	if name == "" {
		name = "hooks.jsonl"
	}
	line, err := json.Marshal(map[string]string{"kind": kind, "hook": hook})
	if err != nil {
		return err
	}
	// One line a hook; a table of your database, or your queue, is as good.
	file, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer file.Close()
	if _, err = file.Write(append(line, '\n')); err != nil {
		return err
	}
	return file.Sync()
}

// secretIn reads the file for each hook, so that a new secret needs no restart.
func secretIn(variable string) (string, error) {
	text, err := os.ReadFile(os.Getenv(variable))
	// An editor's line end is not part of the secret.
	return strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r"), err
}

func main() {
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Args[1], http.HandlerFunc(receiveHook)))
}
