<?php

declare(strict_types=1);

namespace Plasmd\Tests;

use PHPUnit\Framework\TestCase;
use Plasmd\Client;
use Plasmd\Exception\NoWorkerException;
use Plasmd\JobResult;
use Plasmd\JobSpec;
use Plasmd\Tests\Support\FakeClock;
use Plasmd\Tests\Support\FakeWorker;
use Plasmd\Tests\Support\Jobs;
use Plasmd\Worker;

final class ClientTest extends TestCase
{
    private const ONE = 'http://192.0.2.1:8080';
    private const TWO = 'http://192.0.2.2:8080';

    public function testAJobIsDoneAndItsResultIsVerified(): void
    {
        $worker = new FakeWorker(Jobs::worker());
        $result = $this->runJob([self::ONE => $worker], [new Worker(Jobs::worker()->keyId, [self::ONE])]);
        self::assertSame("hello\n", $result->stdout);
        self::assertSame('', $result->stderr);
        self::assertSame($result->job->id, $result->receipt->jobId);
        $sent = Jobs::job()->blobs();
        ksort($sent);
        ksort($worker->blobs);
        self::assertSame(array_keys($sent), array_keys($worker->blobs));
        $hex = substr($result->job->id, 7);
        self::assertSame('POST /v1/jobs', $worker->asked[0]);
        self::assertStringEndsWith("?job=$hex", $worker->asked[1]);
        self::assertContains("GET /v1/jobs/$hex/receipt", $worker->asked);
    }

    public function testAWorkerThatIsNotThereIsGivenUpForTheNext(): void
    {
        $result = $this->runJob([self::TWO => new FakeWorker(Jobs::worker(3))], self::both());
        self::assertSame(Jobs::worker(3)->keyId, $result->receipt->worker);
    }

    public function testAnAddressThatIsNotThereIsGivenUpForTheNext(): void
    {
        $worker = new Worker(Jobs::worker()->keyId, ['http://192.0.2.77:1', self::ONE]);
        self::assertSame("hello\n", $this->runJob([self::ONE => new FakeWorker(Jobs::worker())], [$worker])->stdout);
    }

    /** @dataProvider liars */
    public function testAWorkerThatLiesIsGivenUpForTheNext(array $lies, string $problem): void
    {
        $liar = new FakeWorker(Jobs::worker(), $lies);
        $result = $this->runJob([self::ONE => $liar, self::TWO => new FakeWorker(Jobs::worker(3))], self::both());
        self::assertSame(Jobs::worker(3)->keyId, $result->receipt->worker);
        try {
            $this->runJob([self::ONE => new FakeWorker(Jobs::worker(), $lies)], [new Worker(Jobs::worker()->keyId, [self::ONE])]);
            self::fail('it was believed');
        } catch (NoWorkerException $thrown) {
            self::assertSame($problem, $thrown->failures[Jobs::worker()->keyId]->problem);
            self::assertStringContainsString(Jobs::worker()->keyId, $thrown->getMessage());
        }
    }

    /** @return array<string, array{array<string, mixed>, string}> */
    public static function liars(): array
    {
        $other = JobSpec::seal(Jobs::fields(['args' => ['other']]), Jobs::submitter());
        return [
            'about its output' => [['stdout' => "hellO\n"], 'mismatch'],
            'with more output' => [['stdout' => "hello\n\n"], 'mismatch'],
            'with the receipt of another job' => [['receipt' => static fn (): string => Jobs::receipt($other)], 'mismatch'],
            'with the receipt of another worker' => [
                ['receipt' => static fn (JobSpec $job): string => Jobs::receipt($job, signer: Jobs::worker(5))],
                'untrusted',
            ],
            'with a receipt that was changed' => [
                ['receipt' => static fn (JobSpec $job): string =>
                    str_replace('"exit_code":0', '"exit_code":1', Jobs::receipt($job))],
                'untrusted',
            ],
            'with a receipt from the future' => [
                ['receipt' => static fn (JobSpec $job): string =>
                    Jobs::receipt($job, changes: ['completed_at' => '2025-11-27T12:00:00Z'])],
                'not_yet_valid',
            ],
            'with no receipt' => [['receipt' => static fn (): string => ''], 'malformed'],
            'by asking for what is not of the job' => [['missing' => ['sha256:' . str_repeat('0', 64)]], 'bad_source'],
            'by asking for no digest' => [['missing' => ['../../etc/passwd']], 'bad_source'],
            'with a state that there is not' => [['state' => 'gone'], 'bad_source'],
            'and loses the job' => [['state' => 'lost'], 'no_space'],
            'and refuses the module' => [['state' => 'refused'], 'no_space'],
            'and never ends' => [['state' => 'running'], 'timeout'],
            'and allows nobody' => [['refuse' => [403, 'forbidden']], 'forbidden'],
            'and is full' => [['refuse' => [429, 'too_many']], 'too_many'],
            'with a code that is none' => [['refuse' => [400, "<b>\n"]], 'bad_source'],
        ];
    }

    public function testAJobThatIsGivenUpIsCancelled(): void
    {
        $slow = new FakeWorker(Jobs::worker(), ['state' => 'running']);
        $this->runJob([self::ONE => $slow, self::TWO => new FakeWorker(Jobs::worker(3))], self::both());
        self::assertStringStartsWith('DELETE /v1/jobs/', end($slow->asked));
    }

    public function testAWorkerThatIsNotPinnedIsNeverAsked(): void
    {
        $stranger = new FakeWorker(Jobs::worker(9));
        try {
            $this->runJob([self::ONE => $stranger], [new Worker(Jobs::worker(9)->keyId, [self::ONE])]);
            self::fail('it was asked');
        } catch (NoWorkerException $thrown) {
            self::assertSame([], $thrown->failures);
        }
        self::assertSame([], $stranger->asked);
    }

    /** @return list<Worker> */
    private static function both(): array
    {
        return [new Worker(Jobs::worker()->keyId, [self::ONE]), new Worker(Jobs::worker(3)->keyId, [self::TWO])];
    }

    /**
     * @param array<string, FakeWorker> $network
     * @param list<Worker> $workers
     */
    private function runJob(array $network, array $workers): JobResult
    {
        $pinned = [Jobs::worker()->keyId, Jobs::worker(3)->keyId];
        $client = new Client(Jobs::submitter(), $pinned, FakeWorker::network($network), new FakeClock());
        return $client->run(Jobs::job(), $workers, seconds: 5.0);
    }
}
