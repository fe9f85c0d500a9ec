<?php

declare(strict_types=1);

namespace Plasmd\Tests\Support;

use Plasmd\Clock;

/** A clock that moves when somebody sleeps, and only then. */
final class FakeClock implements Clock
{
    /** @var list<float> */
    public array $slept = [];
    private float $at = 0.0;

    public function now(): int
    {
        return 1_764_158_400 + (int) $this->at; // 2025-11-26T12:00:00Z
    }

    public function steady(): float
    {
        return $this->at;
    }

    public function sleep(float $seconds): void
    {
        $this->slept[] = $seconds;
        $this->pass($seconds);
    }

    public function pass(float $seconds): void
    {
        $this->at += $seconds;
    }
}
