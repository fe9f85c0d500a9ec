<?php

declare(strict_types=1);

namespace Plasmd;

use Plasmd\Exception\BadAnswerException;
use Plasmd\Exception\JobEndedException;
use Plasmd\Exception\TimeoutException;
use Plasmd\Http\Origin;
use Plasmd\Http\Problem;
use Plasmd\Http\Request;
use Plasmd\Http\RetryingTransport;
use Plasmd\Http\Transport;

/** The jobs' interface of one node over HTTP. Nothing that it says is proved but by the receipt. */
final class WorkerClient
{
    private readonly string $origin;
    private readonly Transport $patient;

    public function __construct(
        string $origin,
        private readonly Transport $transport,
        private readonly Clock $clock,
    ) {
        $this->origin = Origin::parse($origin);
        $this->patient = new RetryingTransport($transport, $clock);
    }

    /** Hands a job in. The same job again answers with the same status. */
    public function submit(JobSpec $job): JobStatus
    {
        return JobStatus::read($this->ask('POST', '/v1/jobs', Blob::fromString($job->bytes)), $job->id);
    }

    /** Sends input that the job misses. */
    public function put(string $jobId, Blob $blob): void
    {
        $path = '/v1/blobs/sha256/' . self::hex($blob->digest) . '?job=' . self::hex($jobId);
        $this->ask('PUT', $path, $blob, seconds: Limits::BLOB_SECONDS);
    }

    /** Hands a job in, with what the worker misses of it. */
    public function submitWhole(JobSpec $job, Job $parts): JobStatus
    {
        $status = $this->submit($job);
        $blobs = $parts->blobs();
        foreach ($status->missing as $digest) {
            // A worker gets what the job names, and nothing else that we may have.
            $blob = $blobs[$digest] ?? throw new BadAnswerException(
                "The worker asks for $digest, which is not of this job",
            );
            $this->put($job->id, $blob);
        }
        return $status;
    }

    /** The status, once the job has ended or the seconds (60 at most) are over. */
    public function status(string $jobId, int $waitSeconds = 0): JobStatus
    {
        $wait = max(0, min($waitSeconds, Limits::WAIT_SECONDS));
        $path = self::path($jobId) . ($wait > 0 ? "?wait=$wait" : '');
        return JobStatus::read($this->ask('GET', $path, seconds: Limits::ANSWER_SECONDS + $wait), $jobId);
    }

    /** Waits for the end of a job; one that ends without a receipt is an exception. */
    public function wait(string $jobId, float $seconds): JobStatus
    {
        $until = $this->clock->steady() + $seconds;
        for (;;) {
            $left = $until - $this->clock->steady();
            $status = $this->status($jobId, max(0, (int) ceil($left)));
            if ($status->state->isFinal()) {
                return self::done($status);
            }
            if ($this->clock->steady() >= $until) {
                throw new TimeoutException("The job is {$status->state->value} after $seconds s");
            }
            // A worker that answers at once, whatever it is asked, must not keep us busy.
            $this->clock->sleep(Limits::BACKOFF_SECONDS);
        }
    }

    /**
     * Follows a job to its end: calls `$on` with each event, which returns false to stop. Goes on
     * where it was when the connection breaks.
     *
     * @param callable(JobEvent): mixed $on
     * @return JobStatus|null the last state; null where `$on` has stopped it
     */
    public function follow(string $jobId, callable $on, float $seconds): ?JobStatus
    {
        $url = $this->origin . self::path($jobId) . '/events';
        $follower = new EventFollower($url, $jobId, $this->transport, $this->clock);
        $status = $follower->follow($on, $seconds);
        return $status === null ? null : self::done($status);
    }

    /** What the job wrote so far, refused where it is larger than `$max` bytes. */
    public function output(string $jobId, Stream $stream, int $max): string
    {
        $path = self::path($jobId) . "/$stream->value";
        return $this->ask('GET', $path, max: $max, seconds: Limits::BLOB_SECONDS);
    }

    /** The signed receipt's bytes, unverified: `Receipt::open` reads them. */
    public function receipt(string $jobId): string
    {
        return $this->ask('GET', self::path($jobId) . '/receipt', max: Limits::RECEIPT_BYTES);
    }

    /** Ends a job before its time. */
    public function cancel(string $jobId, Identity $identity): JobStatus
    {
        $order = Blob::fromString(Cancel::seal($jobId, $identity));
        return JobStatus::read($this->ask('DELETE', self::path($jobId), $order), $jobId);
    }

    /** The receipt and the output of a job that is done, each checked against the other and the job. */
    public function collect(JobSpec $job): JobResult
    {
        $receipt = Receipt::open($this->receipt($job->id), $job->worker);
        $receipt->checkJob($job);
        $receipt->checkTime($this->clock->now());
        // Its sizes, within the job's own limit, bound what is downloaded.
        $output = [];
        foreach (Stream::cases() as $stream) {
            $output[$stream->value] = $this->output($job->id, $stream, $receipt->stream($stream)->size);
            $receipt->checkOutput($stream, $output[$stream->value]);
        }
        return new JobResult($job, $receipt, $output['stdout'], $output['stderr']);
    }

    private static function done(JobStatus $status): JobStatus
    {
        return $status->state === JobState::Done ? $status : throw new JobEndedException($status);
    }

    private function ask(
        string $method,
        string $path,
        ?Blob $body = null,
        int $max = Limits::ANSWER_BYTES,
        float $seconds = Limits::ANSWER_SECONDS,
    ): string {
        $request = new Request($method, $this->origin . $path, $body, maxBytes: $max, seconds: $seconds);
        $response = $this->patient->send($request);
        return $response->isGood() ? $response->body : throw Problem::of($response);
    }

    private static function path(string $jobId): string
    {
        return '/v1/jobs/' . self::hex($jobId);
    }

    private static function hex(string $digest): string
    {
        return substr($digest, strlen('sha256:'));
    }
}
