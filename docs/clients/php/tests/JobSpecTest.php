<?php

declare(strict_types=1);

namespace Plasmd\Tests;

use PHPUnit\Framework\TestCase;
use Plasmd\Blob;
use Plasmd\Cancel;
use Plasmd\Exception\MalformedException;
use Plasmd\Exception\PlasmdException;
use Plasmd\Exception\UntrustedException;
use Plasmd\Job;
use Plasmd\JobLimits;
use Plasmd\JobSpec;
use Plasmd\Json\Jcs;
use Plasmd\Tests\Support\Jobs;
use Plasmd\Tests\Support\Vectors;

final class JobSpecTest extends TestCase
{
    public function testTheVectorsOfTheFormatAreMadeByteForByte(): void
    {
        $lines = Vectors::ofFormats();
        if ($lines === null) {
            self::markTestSkipped('docs/formats.md is not here');
        }
        [$submitter, $worker, $bytes, $id, $cancel] = $lines;
        self::assertSame([$submitter, $worker], [Jobs::submitter()->keyId, Jobs::worker()->keyId]);
        $read = JobSpec::open($bytes);
        self::assertSame($id, $read->id);
        $fields = json_decode($bytes);
        unset($fields->signatures, $fields->spec_version);
        $made = JobSpec::seal($fields, Jobs::submitter());
        self::assertSame($bytes, $made->bytes);
        self::assertSame($id, $made->id);
        self::assertSame($cancel, Cancel::seal($id, Jobs::submitter()));
    }

    public function testAJobIsSignedForOneWorkerAndIsAnotherEachTime(): void
    {
        $one = Jobs::job()->signFor(Jobs::worker()->keyId, Jobs::submitter(), 1_764_158_400);
        $two = Jobs::job()->signFor(Jobs::worker()->keyId, Jobs::submitter(), 1_764_158_400);
        self::assertNotSame($one->id, $two->id);
        self::assertSame(Jobs::worker()->keyId, $one->worker);
        self::assertSame(1_764_158_400 + 3600, $one->expiresAt);
        self::assertSame($one->id, JobSpec::open($one->bytes)->id);
        self::assertStringContainsString('"args":["one"]', $one->bytes);
        self::assertStringContainsString('"env":{"LANG":"C"}', $one->bytes);
    }

    public function testAJobOfNothingHasEmptyObjects(): void
    {
        $job = new Job(Blob::fromString('m'));
        $bytes = $job->signFor(Jobs::worker()->keyId, Jobs::submitter())->bytes;
        self::assertStringContainsString('"args":[],', $bytes);
        self::assertStringContainsString('"env":{},', $bytes);
        self::assertStringContainsString('"files":{},', $bytes);
        self::assertStringContainsString('"stdin":null,', $bytes);
    }

    public function testVariablesWhoseNamesAreNumbersStayNames(): void
    {
        $job = new Job(Blob::fromString('m'), env: ['x', 'y']);
        $bytes = $job->signFor(Jobs::worker()->keyId, Jobs::submitter())->bytes;
        self::assertStringContainsString('"env":{"0":"x","1":"y"}', $bytes);
    }

    public function testMembersThatDoNotFitTheFormatAreRefused(): void
    {
        $digest = 'sha256:' . str_repeat('a', 64);
        $limits = static fn (array $changes): \stdClass => (object) ($changes
            + ['wall_ms' => 1, 'memory_bytes' => 65536, 'output_bytes' => 0]);
        $bad = [
            ['worker' => 'ed25519:' . str_repeat('A', 64)], ['worker' => null],
            ['module' => 'sha256:' . str_repeat('a', 63)], ['module' => "$digest\n"],
            ['args' => "x"], ['args' => ["a\0b"]], ['args' => [1]], ['args' => array_fill(0, 257, 'x')],
            ['args' => ["\xff"]], ['args' => new \stdClass()],
            ['env' => []], ['env' => (object) ['' => 'x']], ['env' => (object) ['a=b' => 'x']],
            ['env' => (object) ['a' => 1]], ['env' => (object) ['a' => "\0"]],
            ['env' => (object) array_fill_keys(range(1, 257), 'x')],
            ['stdin' => ''], ['stdin' => false], ['stdin' => $digest . '0'],
            ['files' => (object) ['/a' => $digest]], ['files' => (object) ['a/../b' => $digest]],
            ['files' => (object) ['a//b' => $digest]], ['files' => (object) ['.' => $digest]],
            ['files' => (object) ['' => $digest]], ['files' => (object) ['a/' => $digest]],
            ['files' => (object) ['a' => $digest, 'a/b' => $digest]], ['files' => (object) ['a' => 'x']],
            ['files' => (object) [str_repeat('x', 1025) => $digest]],
            ['files' => (object) [str_repeat('😂', 513) => $digest]],
            ['limits' => $limits(['wall_ms' => 0])], ['limits' => $limits(['wall_ms' => 86_400_001])],
            ['limits' => $limits(['memory_bytes' => 65535])], ['limits' => $limits(['output_bytes' => -1])],
            ['limits' => $limits(['output_bytes' => 2 ** 40 + 1])], ['limits' => $limits(['more' => 1])],
            ['limits' => $limits(['wall_ms' => 1.5])], ['limits' => (object) ['wall_ms' => 1]],
            ['deterministic' => 1], ['nonce' => base64_encode(str_repeat('x', 15))], ['nonce' => 'AAAAAAAAAAAAAAAAAAAAAB=='],
            ['nonce' => 'AAAAAAAAAAAAAAAAAAAAAA'], ['expires_at' => '2025-11-26'], ['expires_at' => '2025-02-30T00:00:00Z'],
            ['expires_at' => "2025-11-26T13:00:00Z\n"], ['expires_at' => '2025-11-26T13:00:00.0Z'],
            ['unknown' => 1], ['submitter' => Jobs::worker()->keyId],
        ];
        foreach ($bad as $changes) {
            try {
                JobSpec::seal(Jobs::fields($changes), Jobs::submitter());
                self::fail('it was signed: ' . print_r($changes, true));
            } catch (MalformedException $thrown) {
                self::assertSame('malformed', $thrown->problem);
            }
        }
    }

    public function testTheLongestNamesAndMostEntriesAreTaken(): void
    {
        $digest = 'sha256:' . str_repeat('a', 64);
        JobSpec::seal(Jobs::fields(['files' => (object) [str_repeat('😂', 512) => $digest]]), Jobs::submitter());
        JobSpec::seal(Jobs::fields(['files' => (object) [str_repeat('é', 1024) => $digest]]), Jobs::submitter());
        JobSpec::seal(Jobs::fields(['args' => array_fill(0, 256, 'x')]), Jobs::submitter());
        JobSpec::seal(Jobs::fields(['limits' => (object) [
            'wall_ms' => 86_400_000, 'memory_bytes' => 2 ** 40, 'output_bytes' => 2 ** 40,
        ]]), Jobs::submitter());
        $this->addToAssertionCount(1);
    }

    public function testAJobAbove256KiBIsRefused(): void
    {
        $this->expectException(MalformedException::class);
        $this->expectExceptionMessage('limit is 262144');
        JobSpec::seal(Jobs::fields(['args' => [str_repeat('x', 262_144)]]), Jobs::submitter());
    }

    public function testChangedBytesAreNeverTheSameJob(): void
    {
        $bytes = JobSpec::seal(Jobs::fields(['args' => ['one', 'two']]), Jobs::submitter())->bytes;
        for ($at = 0; $at < strlen($bytes); $at++) {
            $changed = $bytes;
            $changed[$at] = chr(ord($changed[$at]) ^ (1 << random_int(0, 7)));
            try {
                JobSpec::open($changed);
                self::fail("byte $at was changed and nobody saw it");
            } catch (PlasmdException $thrown) {
                self::assertContains($thrown->problem, ['malformed', 'untrusted']);
            }
        }
    }

    public function testAnotherSignatureMoreOrNoneAreRefused(): void
    {
        $object = json_decode(JobSpec::seal(Jobs::fields(), Jobs::submitter())->bytes);
        $entry = $object->signatures[0];
        $other = json_decode(JobSpec::seal(Jobs::fields(['args' => ['x']]), Jobs::submitter())->bytes)->signatures[0];
        $stranger = (object) ['keyid' => Jobs::worker()->keyId, 'sig' => $entry->sig];
        foreach ([[], [$entry, $entry], [$other], [$stranger], [$stranger, $entry]] as $signatures) {
            $object->signatures = $signatures;
            try {
                JobSpec::open(Jcs::encode($object));
                self::fail('it was believed');
            } catch (UntrustedException $thrown) {
                self::assertSame('untrusted', $thrown->problem);
            }
        }
    }

    public function testAJobLivesForADayAtMost(): void
    {
        foreach ([0, -1, 86_401] as $seconds) {
            try {
                new Job(Blob::fromString('m'), limits: new JobLimits(), lifetimeSeconds: $seconds);
                self::fail('it was taken');
            } catch (MalformedException $thrown) {
                self::assertStringContainsString('86400', $thrown->getMessage());
            }
        }
    }
}
