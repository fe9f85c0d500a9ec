<?php

declare(strict_types=1);

namespace Plasmd;

use Plasmd\Exception\BadAnswerException;

/** A job as a worker tells it. Nothing of it is proved: the receipt is. */
final class JobStatus
{
    /** @param list<string> $missing digests of input that it still needs */
    private function __construct(
        public readonly string $jobId,
        public readonly JobState $state,
        public readonly array $missing,
        /** How many start before it, where it is queued. */
        public readonly ?int $position,
        /** Why it was refused or lost: a code like "module", and a text. */
        public readonly ?string $problemCode,
        public readonly ?string $problemDetail,
    ) {
    }

    /** Reads the status of a job; anything else is refused. */
    public static function read(string $json, string $jobId): self
    {
        $said = json_decode($json, true, 8);
        if (!is_array($said) || ($said['job_id'] ?? null) !== $jobId) {
            throw new BadAnswerException("The worker's answer is no status of this job");
        }
        $state = is_string($said['state'] ?? null) ? JobState::tryFrom($said['state']) : null;
        $position = $said['position'] ?? null;
        $problem = $said['problem'] ?? null;
        return new self(
            $jobId,
            $state ?? throw new BadAnswerException("The worker's status has no state that is known"),
            self::digests($said['missing'] ?? null),
            is_int($position) && $position >= 0 ? $position : null,
            is_array($problem) ? self::code($problem['code'] ?? null) : null,
            is_array($problem) && is_string($problem['detail'] ?? null) ? Printable::of($problem['detail']) : null,
        );
    }

    /** @return list<string> */
    private static function digests(mixed $value): array
    {
        // A job names its module, its input and its files: no more can be missing.
        if (!is_array($value) || !array_is_list($value) || count($value) > Limits::SPEC_ENTRIES + 2) {
            throw new BadAnswerException("The worker's status has no list of missing input");
        }
        foreach ($value as $digest) {
            if (!is_string($digest) || preg_match('/^sha256:[0-9a-f]{64}$/D', $digest) !== 1) {
                throw new BadAnswerException("The worker's status names no digest");
            }
        }
        return $value;
    }

    private static function code(mixed $code): string
    {
        return is_string($code) && preg_match('/^[a-z_]{1,32}$/D', $code) === 1 ? $code : 'failed';
    }
}
