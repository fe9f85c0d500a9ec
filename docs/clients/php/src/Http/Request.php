<?php

declare(strict_types=1);

namespace Plasmd\Http;

use Plasmd\Blob;
use Plasmd\Limits;

/** A request, and how much and how long its answer may be. */
final class Request
{
    /**
     * @param list<string> $headers lines like "Last-Event-ID: 0-0"
     * @param (\Closure(string): bool)|null $sink takes the body of a good answer as it comes, and
     * says whether it wants more; without it the body is kept
     * @param int $silentSeconds without a byte, after which it is given up; 0 for no such bound
     */
    public function __construct(
        public readonly string $method,
        public readonly string $url,
        public readonly ?Blob $body = null,
        public readonly array $headers = [],
        public readonly int $maxBytes = Limits::ANSWER_BYTES,
        public readonly float $seconds = Limits::ANSWER_SECONDS,
        public readonly ?\Closure $sink = null,
        public readonly int $silentSeconds = 0,
    ) {
    }
}
