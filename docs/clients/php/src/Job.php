<?php

declare(strict_types=1);

namespace Plasmd;

use Plasmd\Exception\MalformedException;
use Plasmd\Json\Time;

/** What is to run, on what and within which limits; whoever runs it. */
final class Job
{
    /**
     * @param list<string> $args what the module gets after its name
     * @param array<array-key, string> $env variables by their names
     * @param array<array-key, Blob> $files by paths like "data/in.txt"
     * @param bool $deterministic whether time stands still and randomness is seeded
     * @param int $lifetimeSeconds after which a job that has not started is lost
     */
    public function __construct(
        public readonly Blob $module,
        public readonly array $args = [],
        public readonly array $env = [],
        public readonly ?Blob $stdin = null,
        public readonly array $files = [],
        public readonly JobLimits $limits = new JobLimits(),
        public readonly bool $deterministic = false,
        public readonly int $lifetimeSeconds = 3600,
    ) {
        if ($lifetimeSeconds < 1 || $lifetimeSeconds > Limits::LIFETIME_SECONDS) {
            throw new MalformedException('A job lives from one second to ' . Limits::LIFETIME_SECONDS);
        }
    }

    /** The job for one worker, with a nonce of its own: two equal jobs are two. */
    public function signFor(string $worker, Identity $identity, ?int $now = null): JobSpec
    {
        $digest = static fn (Blob $blob): string => $blob->digest;
        return JobSpec::seal((object) [
            'submitter' => $identity->keyId,
            'worker' => $worker,
            'module' => $this->module->digest,
            'args' => $this->args,
            'env' => (object) $this->env,
            'stdin' => $this->stdin?->digest,
            'files' => (object) array_map($digest, $this->files),
            'limits' => (object) [
                'wall_ms' => $this->limits->wallMs,
                'memory_bytes' => $this->limits->memoryBytes,
                'output_bytes' => $this->limits->outputBytes,
            ],
            'deterministic' => $this->deterministic,
            'nonce' => base64_encode(random_bytes(16)),
            'expires_at' => Time::format(($now ?? time()) + $this->lifetimeSeconds),
        ], $identity);
    }

    /** @return array<string, Blob> everything that the job needs, by digest */
    public function blobs(): array
    {
        $blobs = [$this->module->digest => $this->module];
        foreach ([$this->stdin, ...array_values($this->files)] as $blob) {
            if ($blob !== null) {
                $blobs[$blob->digest] = $blob;
            }
        }
        return $blobs;
    }
}
