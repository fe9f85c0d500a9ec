<?php

declare(strict_types=1);

namespace Plasmd;

use Plasmd\Exception\BadAnswerException;
use Plasmd\Exception\RefusedException;
use Plasmd\Exception\TimeoutException;
use Plasmd\Exception\UnreachableException;
use Plasmd\Http\EventParser;
use Plasmd\Http\Problem;
use Plasmd\Http\Request;
use Plasmd\Http\ServerEvent;
use Plasmd\Http\Transport;

/** Follows one job by server-sent events, over as many connections as it takes. */
final class EventFollower
{
    private string $lastId = '';
    private ?JobStatus $last = null;
    private bool $moved = false;
    private bool $stopped = false;
    /** @var array<string, int> bytes of each stream so far */
    private array $at = ['stdout' => 0, 'stderr' => 0];

    public function __construct(
        private readonly string $url,
        private readonly string $jobId,
        private readonly Transport $transport,
        private readonly Clock $clock,
    ) {
    }

    /**
     * Calls `$on` with each event; it returns false to stop.
     *
     * @param callable(JobEvent): mixed $on
     * @return JobStatus|null the last state; null where `$on` has stopped it
     */
    public function follow(callable $on, float $seconds): ?JobStatus
    {
        $until = $this->clock->steady() + $seconds;
        $failures = 0;
        for (;;) {
            $this->moved = false;
            $cut = $this->connect($on, $until - $this->clock->steady());
            if ($this->stopped) {
                return null;
            }
            if ($this->last?->state->isFinal() === true) {
                return $this->last;
            }
            if ($this->clock->steady() >= $until) {
                throw new TimeoutException("The job has not ended after $seconds s");
            }
            // A connection that brought something was a good one.
            $failures = $this->moved ? 1 : $failures + 1;
            if ($failures >= Limits::ATTEMPTS) {
                throw $cut ?? new BadAnswerException("The events end before the job does");
            }
            $this->clock->sleep(Limits::BACKOFF_SECONDS * 2 ** $failures);
        }
    }

    /** One connection; returns why it broke, where it did. */
    private function connect(callable $on, float $seconds): ?UnreachableException
    {
        $parser = new EventParser();
        $sink = function (string $bytes) use ($parser, $on): bool {
            foreach ($parser->feed($bytes) as $event) {
                if (!$this->take($event, $on)) {
                    return false;
                }
            }
            return true;
        };
        $headers = $this->lastId === '' ? [] : ["Last-Event-ID: $this->lastId"];
        try {
            $response = $this->transport->send(new Request(
                'GET',
                $this->url,
                headers: ['Accept: text/event-stream', ...$headers],
                maxBytes: PHP_INT_MAX, // one event at a time is held
                seconds: max(0.001, $seconds),
                sink: $sink,
                silentSeconds: Limits::SILENT_SECONDS,
            ));
        } catch (UnreachableException $thrown) {
            return $thrown;
        }
        return $response->isGood() ? null : $this->refused(Problem::of($response));
    }

    /** A node that is busy is asked again like one that doesn't answer. */
    private function refused(RefusedException $refusal): UnreachableException
    {
        if ($refusal->status !== 429 && $refusal->status !== 503) {
            throw $refusal;
        }
        return new UnreachableException($refusal->getMessage(), $refusal);
    }

    /** Whether more is wanted. */
    private function take(ServerEvent $event, callable $on): bool
    {
        $told = $this->read($event);
        if ($told === null) {
            return true;
        }
        $this->moved = true;
        if (preg_match('/^\d{1,15}-\d{1,15}$/D', $event->id) === 1) {
            $this->lastId = $event->id;
        }
        $this->last = $told->status ?? $this->last;
        $this->stopped = $on($told) === false;
        return !$this->stopped && $told->status?->state->isFinal() !== true;
    }

    private function read(ServerEvent $event): ?JobEvent
    {
        if ($event->type === 'state') {
            return JobEvent::state(JobStatus::read($event->data, $this->jobId));
        }
        $stream = Stream::tryFrom($event->type);
        if ($stream === null) {
            return null;
        }
        $said = json_decode($event->data, true, 8);
        $data = is_array($said) && is_string($said['data'] ?? null) ? base64_decode($said['data'], true) : false;
        $offset = is_array($said) ? $said['offset'] ?? null : null;
        // Output goes on where it was, or starts again with the job.
        if ($data === false || ($offset !== 0 && $offset !== $this->at[$stream->value])) {
            throw new BadAnswerException('The worker sends output that does not follow what came before');
        }
        $this->at[$stream->value] = $offset + strlen($data);
        return JobEvent::output($stream, $offset, $data);
    }
}
