<?php

declare(strict_types=1);

namespace Plasmd\Http;

/** A server-sent event. */
final class ServerEvent
{
    public function __construct(
        public readonly string $type,
        public readonly string $id,
        public readonly string $data,
    ) {
    }
}
