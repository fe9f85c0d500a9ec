<?php

declare(strict_types=1);

namespace Plasmd\Tests\Support;

use Plasmd\Blob;
use Plasmd\Identity;
use Plasmd\Job;
use Plasmd\JobLimits;
use Plasmd\JobSpec;
use Plasmd\Signed\Document;

/** Builders of jobs and receipts. */
final class Jobs
{
    public static function submitter(): Identity
    {
        return Identity::fromSeed(str_repeat("\x01", 32));
    }

    public static function worker(int $number = 2): Identity
    {
        return Identity::fromSeed(str_repeat(chr($number), 32));
    }

    public static function job(): Job
    {
        return new Job(
            Blob::fromString('a module'),
            ['one'],
            ['LANG' => 'C'],
            Blob::fromString('an input'),
            ['data/in.txt' => Blob::fromString('a file')],
            new JobLimits(outputBytes: 1000),
        );
    }

    /** The members of a job for worker 2, some of them changed. */
    public static function fields(array $changes = []): \stdClass
    {
        $digest = 'sha256:' . hash('sha256', 'a module');
        return (object) ($changes + [
            'submitter' => self::submitter()->keyId,
            'worker' => self::worker()->keyId,
            'module' => $digest,
            'args' => [],
            'env' => new \stdClass(),
            'stdin' => null,
            'files' => new \stdClass(),
            'limits' => (object) ['wall_ms' => 1000, 'memory_bytes' => 65536, 'output_bytes' => 1000],
            'deterministic' => false,
            'nonce' => base64_encode(str_repeat("\0", 16)),
            'expires_at' => '2025-11-26T13:00:00Z',
        ]);
    }

    /** The receipt of a job that printed a text, some members changed. */
    public static function receipt(
        JobSpec $job,
        string $stdout = "hello\n",
        array $changes = [],
        ?Identity $signer = null,
    ): string {
        $stream = static fn (string $bytes): \stdClass => (object) [
            'hash' => 'sha256:' . hash('sha256', $bytes),
            'size' => strlen($bytes),
            'truncated' => false,
        ];
        $signer ??= self::worker();
        return self::receipts()->seal((object) ($changes + [
            'job_id' => $job->id,
            'worker' => $signer->keyId,
            'submitter' => $job->submitter,
            'module' => $job->module,
            'exit_code' => 0,
            'completion' => 'exit',
            'stdout' => $stream($stdout),
            'stderr' => $stream(''),
            'started_at' => '2025-11-26T12:00:01Z',
            'completed_at' => '2025-11-26T12:00:02Z',
            'runtime' => 'v8-wasi-0.1',
            'arch' => 'x86_64',
        ]), $signer);
    }

    private static function receipts(): Document
    {
        return new Document('receipt', 'phase-receipt:v1:', 'receipt_version', 'worker', [], 8192);
    }
}
