<?php

declare(strict_types=1);

namespace Plasmd\Http;

use Plasmd\Exception\RefusedException;
use Plasmd\Printable;

/** Problem details (RFC 9457) as exceptions. */
final class Problem
{
    /** The refusal that an answer is; what it says is read as a stranger's text. */
    public static function of(Response $response): RefusedException
    {
        $said = json_decode($response->body, true, 8);
        $said = is_array($said) ? $said : [];
        $code = $said['code'] ?? null;
        $known = is_string($code) && preg_match('/^[a-z_]{1,32}$/D', $code) === 1;
        $detail = $said['detail'] ?? null;
        return new RefusedException(
            $response->status,
            $known ? $code : 'bad_source',
            is_string($detail) ? Printable::of($detail) : 'no reason given',
            $response->retryAfter(),
        );
    }
}
