<?php

declare(strict_types=1);

namespace Plasmd\Http;

/** An answer, whole. */
final class Response
{
    /** @param array<string, string> $headers by lower-case names */
    public function __construct(
        public readonly int $status,
        public readonly array $headers,
        public readonly string $body,
        /** The address that answered. */
        public readonly string $address = '',
    ) {
    }

    /** Whether it is what was asked for. */
    public function isGood(): bool
    {
        return $this->status >= 200 && $this->status < 300;
    }

    /** The seconds of Retry-After, where it has them. */
    public function retryAfter(): ?int
    {
        $value = $this->headers['retry-after'] ?? '';
        return preg_match('/^\d{1,6}$/D', $value) === 1 ? (int) $value : null;
    }
}
