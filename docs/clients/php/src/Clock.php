<?php

declare(strict_types=1);

namespace Plasmd;

/** Time, and waiting; handed in so that tests need none. */
interface Clock
{
    /** Seconds since 1970. */
    public function now(): int;

    /** Seconds of a clock that nobody sets. */
    public function steady(): float;

    /** Waits so many seconds. */
    public function sleep(float $seconds): void;
}
