<?php

declare(strict_types=1);

namespace Plasmd;

use Plasmd\Exception\MismatchException;
use Plasmd\Exception\NotYetValidException;
use Plasmd\Exception\UntrustedException;
use Plasmd\Json\Members;
use Plasmd\Signed\Document;

/**
 * What a worker says came of a job, signed by it. It proves what the worker claims, not that the
 * claim is true. It exists only if the pinned worker's key has signed it.
 */
final class Receipt
{
    private const MEMBERS = [
        'job_id', 'submitter', 'module', 'exit_code', 'completion', 'stdout', 'stderr',
        'started_at', 'completed_at', 'runtime', 'arch',
    ];

    private function __construct(
        /** As the worker signed it: keep it, it can be verified again. */
        public readonly string $bytes,
        public readonly string $jobId,
        public readonly string $worker,
        public readonly string $submitter,
        public readonly string $module,
        public readonly int $exitCode,
        public readonly Completion $completion,
        public readonly ReceiptStream $stdout,
        public readonly ReceiptStream $stderr,
        /** Seconds since 1970. */
        public readonly int $startedAt,
        public readonly int $completedAt,
        public readonly string $runtime,
        public readonly string $arch,
    ) {
    }

    /** Reads a receipt that the pinned worker has signed. */
    public static function open(string $bytes, string $worker): self
    {
        $document = new Document(
            'receipt',
            'phase-receipt:v1:',
            'receipt_version',
            'worker',
            self::MEMBERS,
            Limits::RECEIPT_BYTES,
        );
        $object = $document->parse($bytes);
        $receipt = self::read($bytes, $document->membersOf($object));
        // A receipt is worth what its worker's key is: it is never taken from the receipt.
        if ($receipt->worker !== $worker) {
            throw new UntrustedException("The receipt is that of another worker: $receipt->worker");
        }
        $document->checkSigner($object);
        return $receipt;
    }

    /** Checks that it is about this job: its id binds module, input, limits and worker. */
    public function checkJob(JobSpec $job): void
    {
        $this->same('job', $this->jobId, $job->id);
        $this->same('worker', $this->worker, $job->worker);
        $this->same('submitter', $this->submitter, $job->submitter);
        $this->same('module', $this->module, $job->module);
        $size = $this->stdout->size + $this->stderr->size;
        if ($size > $job->outputBytes) {
            throw new MismatchException("The receipt has $size bytes of output, above the job's limit");
        }
        $cut = $this->stdout->truncated || $this->stderr->truncated;
        if ($cut && $this->completion === Completion::Exit) {
            throw new MismatchException('The receipt says that the job exited, and that its output was cut');
        }
    }

    /** Checks that it is about this output. */
    public function checkOutput(Stream $stream, string $output): void
    {
        $signed = $this->stream($stream);
        $this->same("size of $stream->value", (string) $signed->size, (string) strlen($output));
        $this->same($stream->value, $signed->hash, 'sha256:' . hash('sha256', $output));
    }

    /** Checks that it isn't from the future, but for clocks that differ. */
    public function checkTime(int $now): void
    {
        if ($this->completedAt > $now + Limits::SKEW_SECONDS) {
            throw new NotYetValidException('The receipt is from the future');
        }
    }

    /** What it says of one stream. */
    public function stream(Stream $stream): ReceiptStream
    {
        return $stream === Stream::Stdout ? $this->stdout : $this->stderr;
    }

    private static function read(string $bytes, Members $members): self
    {
        $completion = Completion::tryFrom($members->text('completion'));
        $startedAt = $members->time('started_at');
        $completedAt = $members->time('completed_at');
        if ($completedAt < $startedAt) {
            $members->refuse('completed_at', 'is before started_at');
        }
        return new self(
            $bytes,
            $members->digest('job_id'),
            $members->keyId('worker'),
            $members->keyId('submitter'),
            $members->digest('module'),
            $members->whole('exit_code', 0, 255),
            $completion ?? $members->refuse('completion', 'is no way to end'),
            self::readStream($members->inside('stdout')),
            self::readStream($members->inside('stderr')),
            $startedAt,
            $completedAt,
            $members->match('runtime', '/^[a-z0-9][a-z0-9.-]{0,31}$/D', "1 to 32 of a-z, 0-9, '.', '-'"),
            $members->match('arch', '/^(?:arm64|x86_64)$/D', 'arm64 or x86_64'),
        );
    }

    private static function readStream(Members $stream): ReceiptStream
    {
        $stream->only('hash', 'size', 'truncated');
        return new ReceiptStream(
            $stream->digest('hash'),
            $stream->whole('size', 0, Limits::ASKED_BYTES),
            $stream->flag('truncated'),
        );
    }

    private function same(string $what, string $signed, string $expected): void
    {
        if ($signed !== $expected) {
            throw new MismatchException(
                "The receipt is for another $what: it has $signed, expected is $expected",
            );
        }
    }
}
