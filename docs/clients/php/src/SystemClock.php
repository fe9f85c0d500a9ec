<?php

declare(strict_types=1);

namespace Plasmd;

/** The clock of this machine. */
final class SystemClock implements Clock
{
    public function now(): int
    {
        return time();
    }

    public function steady(): float
    {
        return hrtime(true) / 1e9;
    }

    public function sleep(float $seconds): void
    {
        usleep((int) round(max(0.0, $seconds) * 1e6));
    }
}
