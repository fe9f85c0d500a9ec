<?php

declare(strict_types=1);

namespace Plasmd\Http;

use Plasmd\Exception\BadAnswerException;
use Plasmd\Limits;

/** An answer as it comes, within its bounds. */
final class Answer
{
    /** @var array<string, string> */
    private array $headers = [];
    private int $headerBytes = 0;
    private string $body = '';
    private int $size = 0;
    private bool $stopped = false;
    private ?\Throwable $problem = null;

    public function __construct(
        private readonly Request $request,
    ) {
    }

    /** Takes a line of the head; false ends the transfer. */
    public function takeHeader(string $line): bool
    {
        $this->headerBytes += strlen($line);
        if ($this->headerBytes > Limits::HEADER_BYTES) {
            return $this->fail('has a head of more than ' . Limits::HEADER_BYTES . ' bytes');
        }
        if (str_starts_with($line, 'HTTP/')) {
            $this->headers = []; // what came was 100 Continue
        }
        [$name, $value] = explode(':', $line, 2) + [1 => ''];
        $this->headers[strtolower(trim($name))] = trim($value);
        // What is encoded can be larger than what came.
        $coded = ($this->headers['content-encoding'] ?? 'identity') !== 'identity';
        return !$coded || $this->fail('is encoded, although nobody asked for that');
    }

    /** Takes some of the body; false ends the transfer. */
    public function take(int $status, string $bytes): bool
    {
        $good = $status >= 200 && $status < 300;
        $max = $good ? $this->request->maxBytes : Limits::ANSWER_BYTES;
        $this->size += strlen($bytes);
        if ($this->size > $max) {
            return $this->fail("is larger than $max bytes");
        }
        if (!$good || $this->request->sink === null) {
            $this->body .= $bytes;
            return true;
        }
        try {
            $this->stopped = !($this->request->sink)($bytes);
        } catch (\Throwable $thrown) {
            // An exception must not cross libcurl: it goes on behind it.
            $this->problem = $thrown;
            return false;
        }
        return !$this->stopped;
    }

    /** Throws what ended the transfer, if something of ours did. */
    public function check(): void
    {
        if ($this->problem !== null) {
            throw $this->problem;
        }
    }

    /** Whether the sink wanted no more. */
    public function isStopped(): bool
    {
        return $this->stopped;
    }

    /** @return array<string, string> by lower-case names */
    public function headers(): array
    {
        return $this->headers;
    }

    public function body(): string
    {
        return $this->body;
    }

    private function fail(string $why): bool
    {
        $this->problem = new BadAnswerException("The answer of {$this->request->url} $why");
        return false;
    }
}
