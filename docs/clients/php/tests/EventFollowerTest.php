<?php

declare(strict_types=1);

namespace Plasmd\Tests;

use PHPUnit\Framework\TestCase;
use Plasmd\EventFollower;
use Plasmd\Exception\BadAnswerException;
use Plasmd\Exception\RefusedException;
use Plasmd\Exception\TimeoutException;
use Plasmd\Exception\UnreachableException;
use Plasmd\Http\Response;
use Plasmd\JobEvent;
use Plasmd\JobState;
use Plasmd\JobStatus;
use Plasmd\Tests\Support\FakeClock;
use Plasmd\Tests\Support\ScriptedTransport;

final class EventFollowerTest extends TestCase
{
    private const ID = 'sha256:0000000000000000000000000000000000000000000000000000000000000000';
    private string $seen = '';
    private ScriptedTransport $transport;

    public function testStatesAndOutputComeInOrder(): void
    {
        $status = $this->follow([self::state('running', '0-0') . self::out('hel', 0, '3-0') . ": alive\n\n"
            . self::out('lo', 3, '5-0') . self::err('!', 0, '5-1') . self::state('done', '5-1')]);
        self::assertSame(JobState::Done, $status?->state);
        self::assertSame('[running]hello(!)[done]', $this->seen);
        self::assertContains('Accept: text/event-stream', $this->transport->requests[0]->headers);
    }

    public function testAConnectionThatBreaksIsTakenUpWhereItWas(): void
    {
        $status = $this->follow([
            self::state('running', '0-0') . self::out('hel', 0, '3-0') . 'event: std',
            null,
            self::out('lo', 3, '5-0'),
            self::state('done', '5-0'),
        ]);
        self::assertSame('[running]hello[done]', $this->seen);
        self::assertSame(JobState::Done, $status?->state);
        $headers = array_map(static fn ($request): string => $request->headers[1] ?? '', $this->transport->requests);
        self::assertSame(['', 'Last-Event-ID: 3-0', 'Last-Event-ID: 3-0', 'Last-Event-ID: 5-0'], $headers);
    }

    public function testAJobThatIsStartedAgainStartsItsOutputAgain(): void
    {
        $this->follow([self::out('hel', 0, '3-0') . self::out('hello', 0, '5-0') . self::state('done', '5-0')]);
        self::assertSame('helhello[done]', $this->seen);
    }

    public function testOutputThatDoesNotFollowIsRefused(): void
    {
        foreach ([self::out('lo', 4, '6-0'), self::out('lo', -1, '6-0'), "event: stdout\ndata: {}\n\n",
            "event: stdout\ndata: {\"offset\":3,\"data\":\"*\"}\n\n", "event: state\ndata: x\n\n"] as $bad) {
            try {
                $this->follow([self::out('hel', 0, '3-0') . $bad]);
                self::fail("it was taken: $bad");
            } catch (BadAnswerException $thrown) {
                self::assertSame('bad_source', $thrown->problem);
            }
        }
    }

    public function testWhoListensCanStop(): void
    {
        self::assertNull($this->follow([self::out('stop', 0, '4-0') . self::out('more', 4, '8-0')]));
        self::assertSame('stop', $this->seen);
    }

    public function testAWorkerThatNeverAnswersIsUnreachable(): void
    {
        $this->expectException(UnreachableException::class);
        $this->follow([null, null, null, null, null]);
    }

    public function testEventsThatAlwaysEndEarlyAreRefused(): void
    {
        $this->expectException(BadAnswerException::class);
        $this->follow(array_fill(0, 6, ": alive\n\n"));
    }

    public function testAJobThatDoesNotEndInTimeIsATimeout(): void
    {
        $this->expectException(TimeoutException::class);
        $this->follow(array_fill(0, 200, self::state('running', '0-0')));
    }

    public function testAnUnknownJobIsARefusalAtOnce(): void
    {
        $this->expectException(RefusedException::class);
        $this->follow([], [new Response(404, [], '{"code":"not_found","detail":"There is no such job"}')]);
    }

    public function testABusyWorkerIsAskedAgain(): void
    {
        $good = new Response(200, [], self::state('done', '0-0'));
        self::assertNotNull($this->follow([], [new Response(503, [], ''), new Response(429, [], ''), $good]));
    }

    /**
     * @param list<string|null> $bodies
     * @param list<Response|null> $answers
     */
    private function follow(array $bodies, array $answers = []): ?JobStatus
    {
        foreach ($bodies as $body) {
            $answers[] = $body === null ? null : new Response(200, [], $body);
        }
        $this->seen = '';
        $this->transport = new ScriptedTransport($answers);
        $follower = new EventFollower('http://192.0.2.1:80/events', self::ID, $this->transport, new FakeClock());
        return $follower->follow($this->see(...), 30.0);
    }

    private function see(JobEvent $event): bool
    {
        $this->seen .= match (true) {
            $event->status !== null => "[{$event->status->state->value}]",
            $event->stream?->value === 'stderr' => "($event->data)",
            default => $event->data,
        };
        return $event->data !== 'stop';
    }

    private static function state(string $state, string $id): string
    {
        $status = ['job_id' => self::ID, 'state' => $state, 'missing' => [], 'position' => null, 'problem' => null];
        return "event: state\nid: $id\ndata: " . json_encode($status) . "\n\n";
    }

    private static function out(string $text, int $offset, string $id, string $stream = 'stdout'): string
    {
        $data = json_encode(['offset' => $offset, 'data' => base64_encode($text)]);
        return "event: $stream\nid: $id\ndata: $data\n\n";
    }

    private static function err(string $text, int $offset, string $id): string
    {
        return self::out($text, $offset, $id, 'stderr');
    }
}
