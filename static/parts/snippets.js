// Programs that verify the signature of callbacks, with the connector's public key in them: pure functions of the key.
// Each is a connector that runs, takes what the platform signed and refuses the rest; the SDK's wants a service yet.

export const goSdk = (key) => String.raw`package main

import (
	"crypto/ed25519"
	"encoding/base64"
	"log"
	"net/http"
	"os"

	"github.com/connctd/connector-go"
)

// Of this connector. It is no secret.
const publicKey = "${key}"

// Serves /installations, /instances and /actions, and verifies every signature. The service is your connector.
func serve(service connector.ConnectorService) error {
	key, err := base64.StdEncoding.DecodeString(publicKey)
	if err != nil {
		return err
	}
	handler := connector.NewConnectorHandler(nil, service, ed25519.PublicKey(key))
	port := os.Getenv("PORT")
	if port == "" {
		port = "8080"
	}
	log.Println("listening on port", port)
	return http.ListenAndServe("127.0.0.1:"+port, handler)
}
`;

export const go = (key) => String.raw`package main

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"io"
	"log"
	"net/http"
	"os"
)

// Of this connector. It is no secret.
const publicKey = "${key}"

const bodyBytesMax = 1 << 20

// isSigned tells whether the platform sent the request. Behind a proxy that changes the header Host, put the host of
// your callback URLs in its place.
func isSigned(key ed25519.PublicKey, r *http.Request, body []byte) bool {
	signature, err := base64.StdEncoding.DecodeString(r.Header.Get("Signature"))
	if err != nil {
		return false
	}
	signed := "(method):" + r.Method + "\r\n(url):https://" + r.Host + r.RequestURI +
		"\r\n(Date):" + r.Header.Get("Date") + "\r\n(body):" + string(body)
	return ed25519.Verify(key, []byte(signed), signature)
}

// verified passes on what is signed, and refuses the rest.
func verified(key ed25519.PublicKey, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, bodyBytesMax))
		if err != nil {
			http.Error(w, "the body cannot be read", http.StatusBadRequest)
			return
		}
		if !isSigned(key, r, body) {
			http.Error(w, "the signature is missing or wrong", http.StatusUnauthorized)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(w, r)
	})
}

// callback is where your connector begins. 201: installed or instantiated; 204: removed, or the action is done.
func callback(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	log.Printf("%s %s %s", r.Method, r.URL.Path, body)
	if r.Method == http.MethodDelete || r.URL.Path == "/actions" {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	w.WriteHeader(http.StatusCreated)
}

func main() {
	key, err := base64.StdEncoding.DecodeString(publicKey)
	if err != nil || len(key) != ed25519.PublicKeySize {
		log.Fatal("the public key is not the base64 of 32 bytes")
	}
	port := os.Getenv("PORT")
	if port == "" {
		port = "8080"
	}
	log.Println("listening on port", port)
	log.Fatal(http.ListenAndServe("127.0.0.1:"+port, verified(key, http.HandlerFunc(callback))))
}
`;

export const node = (key) => String.raw`import { createPublicKey, verify } from 'node:crypto';
import { createServer } from 'node:http';
import { buffer } from 'node:stream/consumers';

// Of this connector. It is no secret.
const PUBLIC_KEY = '${key}';

const key = createPublicKey({
  key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(PUBLIC_KEY, 'base64').toString('base64url') },
  format: 'jwk',
});

// Whether the platform sent the request; the body is its bytes, before anything parsed them. Behind a proxy that
// changes the header Host, put the host of your callback URLs in its place. In Express, use request.originalUrl.
export function isSigned(request, body) {
  const { host, date, signature = '' } = request.headers;
  const url = 'https://' + host + request.url;
  const head = '(method):' + request.method + '\r\n(url):' + url + '\r\n(Date):' + date + '\r\n(body):';
  const signed = Buffer.concat([Buffer.from(head, 'latin1'), body]);
  return verify(null, signed, key, Buffer.from(signature, 'base64'));
}

const server = createServer(async (request, response) => {
  const body = await buffer(request).catch(() => null);
  if (!body || !isSigned(request, body)) {
    response.writeHead(401).end('the signature is missing or wrong');
    return;
  }
  // Your connector begins here. 201: installed or instantiated; 204: removed, or the action is done.
  console.log(request.method, request.url, body.toString());
  const done = request.method === 'DELETE' || request.url === '/actions';
  response.writeHead(done ? 204 : 201).end();
});

const port = Number(process.env.PORT ?? 8080);
server.listen(port, '127.0.0.1', () => console.log('listening on port', port));
`;

export const python = (key) => String.raw`import base64
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

# Of this connector. It is no secret.
PUBLIC_KEY = "${key}"

KEY = Ed25519PublicKey.from_public_bytes(base64.b64decode(PUBLIC_KEY))


def is_signed(method, host, target, date, body, signature):
    """Whether the platform sent the request. The target is path and query as they were sent, the body its bytes.

    Behind a proxy that changes the header Host, put the host of your callback URLs in its place.
    """
    head = f"(method):{method}\r\n(url):https://{host}{target}\r\n(Date):{date}\r\n(body):"
    try:
        KEY.verify(base64.b64decode(signature, validate=True), head.encode("latin-1") + body)
    except (InvalidSignature, ValueError):
        return False
    return True


class Callbacks(BaseHTTPRequestHandler):
    def take(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        host, date, signature = (self.headers.get(name, "") for name in ("Host", "Date", "Signature"))
        if not is_signed(self.command, host, self.path, date, body, signature):
            return self.answer(401)
        # Your connector begins here. 201: installed or instantiated; 204: removed, or the action is done.
        print(self.command, self.path, body.decode(), flush=True)
        done = self.command == "DELETE" or self.path == "/actions"
        return self.answer(204 if done else 201)

    def answer(self, status):
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Length", "0")
        self.end_headers()

    do_POST = do_DELETE = take


if __name__ == "__main__":
    port = int(os.environ.get("PORT", "8080"))
    print("listening on port", port, flush=True)
    ThreadingHTTPServer(("127.0.0.1", port), Callbacks).serve_forever()
`;

// What is shown, in this order. `run`: how it is started.
export const SNIPPETS = [
  { id: 'go-sdk', title: 'Go SDK', file: 'serve.go', run: 'go get github.com/connctd/connector-go', code: goSdk },
  { id: 'go', title: 'Go', file: 'main.go', run: 'go run main.go', code: go },
  { id: 'node', title: 'Node', file: 'connector.mjs', run: 'node connector.mjs', code: node },
  { id: 'python', title: 'Python', file: 'connector.py', run: 'pip install cryptography && python3 connector.py', code: python },
];
