<?php

/**
 * Calls the CRM API of Kommo / amoCRM with a token from `kommo auth credential`, without any
 * package.
 *
 * The program keeps the grant and refreshes it once for all processes, so no refresh token ever
 * enters PHP. It must be allowed to read the profile and the store: a PHP process without HOME
 * names the profile's file.
 *
 *     $kommo = new KommoApi(['--profile', '/etc/kommo/profiles/shop.toml']);
 *     ['status' => $status, 'body' => $body] = $kommo->call('GET', '/api/v4/account');
 */

declare(strict_types=1);

/** Why there is no token. */
final class KommoCredentialError extends RuntimeException
{
    /**
     * @param string $errorCode stable: for each, the table "Error codes" in the README of kommo-cli
     *                          says whether to ask for a new consent, to wait or to change a setting
     * @param ?int $retryAt Unix seconds; before that instant another try is useless
     */
    public function __construct(public string $errorCode, string $message, public ?int $retryAt = null)
    {
        parent::__construct("$errorCode: $message");
    }
}

final class KommoApi
{
    /** A token is used until so many seconds before its end. */
    private const MARGIN_SECONDS = 60;

    /** @var ?array<string, mixed> the last answer of the program */
    private ?array $credential = null;

    /** @param list<string> $options further options of the program, such as ['--account', 'shop.kommo.com'] */
    public function __construct(private array $options = [], private string $program = 'kommo')
    {
    }

    /**
     * Sends one call; after a 401 once more with another token, and the same method, path and body
     * (rule L10).
     *
     * $path begins with a slash: `/api/v4/leads?limit=50`. $json is text that json_encode made, or
     * null. A refusal of the platform (402, 403, 404, 429...) is an answer like any other: look at
     * the status.
     *
     * @return array{status: int, body: string}
     */
    public function call(string $method, string $path, ?string $json = null): array
    {
        // Anything else could lead the token to another host: `https://shop.kommo.com` +
        // `@example.com/`.
        if (!preg_match('#\A/[\x21-\x7e]*\z#', $path)) {
            throw new InvalidArgumentException('the path must begin with a slash and be escaped');
        }
        $endsAt = $this->credential['expires_at'] ?? null;
        if ($this->credential === null || ($endsAt !== null && $endsAt < time() + self::MARGIN_SECONDS)) {
            $this->credential = $this->ask();
        }
        $answer = $this->send($method, $path, $json);
        if ($answer['status'] !== 401) {
            return $answer;
        }
        // Refreshed only if this generation is still the current one: another process may have been
        // quicker.
        $this->credential = $this->ask('--rejected-generation', (string) $this->credential['generation']);
        return $this->send($method, $path, $json);
    }

    /** @return array<string, mixed> */
    private function ask(string ...$more): array
    {
        $command = [$this->program, 'auth', 'credential', '--format', 'json', ...$this->options, ...$more];
        // A list, so no shell is involved. Never kill the program: it may be between a refresh
        // token and its successor.
        $process = proc_open($command, [['pipe', 'r'], ['pipe', 'w']], $pipes);
        if ($process === false) {
            throw new KommoCredentialError('not-started', "{$this->program} cannot be started");
        }
        fclose($pipes[0]);
        $text = stream_get_contents($pipes[1]);
        fclose($pipes[1]);
        $status = proc_close($process);
        $answer = json_decode((string) $text, true);
        $error = $answer['error'] ?? null;
        if ($error !== null) {
            throw new KommoCredentialError($error['code'], $error['message'], $error['retry_at'] ?? null);
        }
        if (!isset($answer['access_token'])) {
            throw new KommoCredentialError('no-answer', "{$this->program} ended with status $status");
        }
        return $answer;
    }

    /** @return array{status: int, body: string} */
    private function send(string $method, string $path, ?string $json): array
    {
        ['base_url' => $base, 'host' => $host, 'access_token' => $token] = $this->credential;
        $headers = ["Host: $host", "Authorization: Bearer $token", 'User-Agent: my-integration/1.0'];
        $http = ['method' => $method, 'timeout' => 30, 'ignore_errors' => true, 'follow_location' => 0];
        if ($json !== null) {
            $headers[] = 'Content-Type: application/json';
            $http['content'] = $json;
        }
        // Both come from the credential: so a sandbox's token never reaches the real platform, nor
        // the reverse.
        $stream = fopen($base . $path, 'rb', false, stream_context_create(['http' => $http + ['header' => $headers]]));
        if ($stream === false) {
            throw new RuntimeException("no answer from $host");
        }
        $statusLine = stream_get_meta_data($stream)['wrapper_data'][0];
        $body = stream_get_contents($stream);
        fclose($stream);
        return ['status' => (int) explode(' ', $statusLine)[1], 'body' => (string) $body];
    }
}
