<?php

declare(strict_types=1);

namespace Plasmd;

use Plasmd\Exception\MalformedException;
use Plasmd\Exception\NoWorkerException;
use Plasmd\Exception\PlasmdException;
use Plasmd\Exception\TimeoutException;
use Plasmd\Exception\UnreachableException;
use Plasmd\Http\CurlTransport;
use Plasmd\Http\Transport;
use Plasmd\Signed\Ed25519;

/** Finds workers, has jobs done by them, and verifies what they answer. */
final class Client
{
    /** Seconds that a job may wait for its turn, beside the time that it may run. */
    private const QUEUE_SECONDS = 60.0;

    /**
     * @param list<string> $pinned keyids of workers whose receipts count; you have them from their
     * operators, never from the network
     */
    public function __construct(
        private readonly Identity $identity,
        private readonly array $pinned,
        private readonly Transport $transport = new CurlTransport(),
        private readonly Clock $clock = new SystemClock(),
    ) {
        foreach ($pinned as $keyId) {
            if (!Ed25519::isGoodPoint(Ed25519::publicKey($keyId))) {
                throw new MalformedException("No signature of this key can be trusted: $keyId");
            }
        }
    }

    /**
     * Pinned workers that a node knows, the least busy first. Any node can be asked: the worst that
     * it can do is to hide them.
     *
     * @param string $node like http://192.0.2.1:8080
     * @return list<Worker>
     */
    public function discover(string $node, ?string $arch = null, ?string $runtime = null): array
    {
        $workers = (new Directory($this->transport))->ask($node, $arch, $runtime);
        return array_values(array_filter($workers, $this->isPinned(...)));
    }

    /**
     * Has a job done by the first worker that does it, and returns its verified result. A worker
     * that can't be reached, refuses, loses the job or proves nothing is given up for the next one.
     *
     * @param list<Worker> $workers in the order in which they are asked; those not pinned are not
     * @param (callable(JobEvent): mixed)|null $on gets states and output while they come; output is
     * unproved until this method returns, and may come again from another worker
     * @param float|null $seconds for each worker; by default what the job may run, and a minute
     */
    public function run(Job $job, array $workers, ?callable $on = null, ?float $seconds = null): JobResult
    {
        $seconds ??= $job->limits->wallMs / 1000 + self::QUEUE_SECONDS;
        $failures = [];
        foreach (array_filter($workers, $this->isPinned(...)) as $worker) {
            // What is wrong with the job itself is wrong for every worker.
            $spec = $job->signFor($worker->keyId, $this->identity, $this->clock->now());
            try {
                return $this->runOn($worker, $spec, $job, $on, $seconds);
            } catch (PlasmdException $thrown) {
                $failures[$worker->keyId] = $thrown;
            }
        }
        throw new NoWorkerException($failures);
    }

    /** One worker's interface at one of its addresses, for jobs step by step. */
    public function at(string $origin): WorkerClient
    {
        return new WorkerClient($origin, $this->transport, $this->clock);
    }

    private function runOn(Worker $worker, JobSpec $spec, Job $job, ?callable $on, float $seconds): JobResult
    {
        $at = $this->reach($worker, $spec, $job);
        try {
            $on === null ? $at->wait($spec->id, $seconds) : $this->follow($at, $spec, $on, $seconds);
        } catch (TimeoutException $thrown) {
            $this->giveUp($at, $spec);
            throw $thrown;
        }
        return $at->collect($spec);
    }

    /** Hands the job in at the first address that answers. */
    private function reach(Worker $worker, JobSpec $spec, Job $job): WorkerClient
    {
        $last = new UnreachableException('The worker has no address');
        foreach ($worker->origins as $origin) {
            try {
                $at = $this->at($origin);
                $at->submitWhole($spec, $job);
                return $at;
            } catch (PlasmdException $thrown) {
                // Another node may answer at an address that was the worker's.
                $last = $thrown;
            }
        }
        throw $last;
    }

    private function follow(WorkerClient $at, JobSpec $spec, callable $on, float $seconds): void
    {
        $never = static function (JobEvent $event) use ($on): void {
            $on($event);
        };
        $at->follow($spec->id, $never, $seconds);
    }

    /** Another worker does the job now: this one need not. */
    private function giveUp(WorkerClient $at, JobSpec $spec): void
    {
        try {
            $at->cancel($spec->id, $this->identity);
        } catch (PlasmdException) {
            // It ends by its limits.
        }
    }

    private function isPinned(Worker $worker): bool
    {
        return in_array($worker->keyId, $this->pinned, true);
    }
}
