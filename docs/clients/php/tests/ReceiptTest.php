<?php

declare(strict_types=1);

namespace Plasmd\Tests;

use PHPUnit\Framework\TestCase;
use Plasmd\Completion;
use Plasmd\Exception\MalformedException;
use Plasmd\Exception\MismatchException;
use Plasmd\Exception\NotYetValidException;
use Plasmd\Exception\PlasmdException;
use Plasmd\Exception\UntrustedException;
use Plasmd\JobSpec;
use Plasmd\Receipt;
use Plasmd\Stream;
use Plasmd\Tests\Support\Jobs;
use Plasmd\Tests\Support\Vectors;

final class ReceiptTest extends TestCase
{
    private JobSpec $job;

    protected function setUp(): void
    {
        $this->job = JobSpec::seal(Jobs::fields(), Jobs::submitter());
    }

    public function testTheVectorOfTheFormatVerifies(): void
    {
        $lines = Vectors::ofFormats();
        if ($lines === null) {
            self::markTestSkipped('docs/formats.md is not here');
        }
        $receipt = Receipt::open($lines[5], $lines[1]);
        $receipt->checkJob(JobSpec::open($lines[2]));
        $receipt->checkOutput(Stream::Stdout, "hello\n");
        $receipt->checkOutput(Stream::Stderr, '');
        self::assertSame(3, $receipt->exitCode);
        self::assertSame(Completion::Exit, $receipt->completion);
        self::assertSame($lines[5], $receipt->bytes);
    }

    public function testAReceiptOfAnotherWorkerIsRefusedWhoeverSignedIt(): void
    {
        $byOther = Jobs::receipt($this->job, signer: Jobs::worker(3));
        $this->refused(UntrustedException::class, fn () => Receipt::open($byOther, Jobs::worker()->keyId));
        $forged = str_replace(Jobs::worker(3)->keyId, Jobs::worker()->keyId, $byOther);
        $this->refused(UntrustedException::class, fn () => Receipt::open($forged, Jobs::worker()->keyId));
    }

    public function testAReceiptOfAnotherJobIsRefused(): void
    {
        $other = JobSpec::seal(Jobs::fields(['args' => ['other']]), Jobs::submitter());
        $receipt = Receipt::open(Jobs::receipt($other), Jobs::worker()->keyId);
        $this->refused(MismatchException::class, fn () => $receipt->checkJob($this->job), 'another job');
        $changes = [
            'submitter' => Jobs::worker()->keyId,
            'module' => 'sha256:' . str_repeat('0', 64),
            'stdout' => (object) ['hash' => $this->job->module, 'size' => 1001, 'truncated' => false],
            'stderr' => (object) ['hash' => $this->job->module, 'size' => 0, 'truncated' => true],
        ];
        foreach ($changes as $name => $value) {
            $receipt = Receipt::open(Jobs::receipt($this->job, changes: [$name => $value]), Jobs::worker()->keyId);
            $this->refused(MismatchException::class, fn () => $receipt->checkJob($this->job));
        }
        Receipt::open(Jobs::receipt($this->job), Jobs::worker()->keyId)->checkJob($this->job);
    }

    public function testOtherOutputIsRefused(): void
    {
        $receipt = Receipt::open(Jobs::receipt($this->job), Jobs::worker()->keyId);
        $receipt->checkOutput(Stream::Stdout, "hello\n");
        foreach (['', 'hello', "hello!", "hello\n\n"] as $output) {
            $this->refused(MismatchException::class, fn () => $receipt->checkOutput(Stream::Stdout, $output), 'stdout');
        }
        $this->refused(MismatchException::class, fn () => $receipt->checkOutput(Stream::Stderr, 'x'), 'stderr');
    }

    public function testAReceiptFromTheFutureIsRefused(): void
    {
        $receipt = Receipt::open(Jobs::receipt($this->job), Jobs::worker()->keyId);
        $receipt->checkTime($receipt->completedAt - 600);
        $this->refused(NotYetValidException::class, fn () => $receipt->checkTime($receipt->completedAt - 601));
    }

    public function testMembersThatDoNotFitTheFormatAreRefused(): void
    {
        $bad = [
            ['exit_code' => 256], ['exit_code' => -1], ['exit_code' => '0'], ['completion' => 'Exit'], ['completion' => null],
            ['runtime' => ''], ['runtime' => 'a b'], ['runtime' => str_repeat('a', 33)], ['arch' => 'amd64'], ['more' => 1],
            ['job_id' => 'x'], ['module' => null], ['submitter' => 'x'], ['stdout' => null], ['stderr' => []],
            ['stdout' => (object) ['hash' => $this->job->module, 'size' => 1]],
            ['stdout' => (object) ['hash' => $this->job->module, 'size' => 1, 'truncated' => 0]],
            ['completed_at' => '2025-11-26T12:00:00Z'], ['started_at' => 'now'],
        ];
        foreach ($bad as $changes) {
            $bytes = Jobs::receipt($this->job, changes: $changes);
            $this->refused(MalformedException::class, fn () => Receipt::open($bytes, Jobs::worker()->keyId));
        }
    }

    public function testChangedBytesAreNeverBelieved(): void
    {
        $bytes = Jobs::receipt($this->job);
        for ($at = 0; $at < strlen($bytes); $at++) {
            $changed = $bytes;
            $changed[$at] = chr(ord($changed[$at]) ^ (1 << random_int(0, 7)));
            $this->refused(PlasmdException::class, fn () => Receipt::open($changed, Jobs::worker()->keyId));
        }
        foreach (["$bytes\n", " $bytes", substr($bytes, 0, -1), ''] as $changed) {
            $this->refused(MalformedException::class, fn () => Receipt::open($changed, Jobs::worker()->keyId));
        }
    }

    /** @param class-string<PlasmdException> $class */
    private function refused(string $class, callable $act, string $why = ''): void
    {
        try {
            $act();
            self::fail("no $class");
        } catch (PlasmdException $thrown) {
            self::assertInstanceOf($class, $thrown);
            self::assertStringContainsString($why, $thrown->getMessage());
        }
    }
}
