<?php

declare(strict_types=1);

namespace Plasmd\Http;

use Plasmd\Clock;
use Plasmd\Exception\UnreachableException;
use Plasmd\Limits;

/**
 * Asks again where nobody answered, or where the answer is to come back later. Every request of a
 * job may be made twice: jobs, input and cancels are known by their hashes.
 */
final class RetryingTransport implements Transport
{
    public function __construct(
        private readonly Transport $inner,
        private readonly Clock $clock,
    ) {
    }

    public function send(Request $request): Response
    {
        // What a sink took can't be taken back.
        $attempts = $request->sink === null ? Limits::ATTEMPTS : 1;
        $pause = Limits::BACKOFF_SECONDS;
        for ($attempt = 1;; $attempt++, $pause *= 2) {
            try {
                $response = $this->inner->send($request);
            } catch (UnreachableException $thrown) {
                if ($attempt >= $attempts) {
                    throw $thrown;
                }
                $this->clock->sleep($pause);
                continue;
            }
            $asked = $response->retryAfter() ?? 0;
            $later = $response->status === 429 || $response->status === 503;
            if (!$later || $attempt >= $attempts || $asked > Limits::RETRY_AFTER_SECONDS) {
                return $response;
            }
            $this->clock->sleep(max($pause, (float) $asked));
        }
    }
}
