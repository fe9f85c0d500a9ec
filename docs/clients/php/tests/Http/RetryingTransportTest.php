<?php

declare(strict_types=1);

namespace Plasmd\Tests\Http;

use PHPUnit\Framework\TestCase;
use Plasmd\Exception\UnreachableException;
use Plasmd\Http\Request;
use Plasmd\Http\Response;
use Plasmd\Http\RetryingTransport;
use Plasmd\Tests\Support\FakeClock;
use Plasmd\Tests\Support\ScriptedTransport;

final class RetryingTransportTest extends TestCase
{
    private FakeClock $clock;

    protected function setUp(): void
    {
        $this->clock = new FakeClock();
    }

    public function testWhoDoesNotAnswerIsAskedAgain(): void
    {
        self::assertSame(200, $this->ask([null, null, self::answer(200)])->status);
        self::assertSame([0.1, 0.2], $this->clock->slept);
    }

    public function testWhoNeverAnswersIsUnreachable(): void
    {
        $this->expectException(UnreachableException::class);
        $this->ask([null, null, null, null, self::answer(200)]);
    }

    public function testRetryAfterIsWaitedFor(): void
    {
        self::assertSame(200, $this->ask([self::answer(429, '7'), self::answer(503), self::answer(200)])->status);
        self::assertSame([7.0, 0.2], $this->clock->slept);
    }

    public function testALongRetryAfterIsNotWaitedFor(): void
    {
        self::assertSame(429, $this->ask([self::answer(429, '61'), self::answer(200)])->status);
        self::assertSame([], $this->clock->slept);
    }

    public function testWhoStaysBusyIsGivenUp(): void
    {
        self::assertSame(429, $this->ask(array_fill(0, 4, self::answer(429)))->status);
        self::assertCount(3, $this->clock->slept);
    }

    public function testARefusalIsNotAskedAgain(): void
    {
        foreach ([400, 403, 404, 409, 413, 422, 500] as $status) {
            self::assertSame($status, $this->ask([self::answer($status), self::answer(200)])->status);
        }
        self::assertSame([], $this->clock->slept);
    }

    /** @param list<Response|null> $answers */
    private function ask(array $answers): Response
    {
        $transport = new RetryingTransport(new ScriptedTransport($answers), $this->clock);
        return $transport->send(new Request('GET', 'http://192.0.2.1:8080/'));
    }

    private static function answer(int $status, ?string $retryAfter = null): Response
    {
        return new Response($status, $retryAfter === null ? [] : ['retry-after' => $retryAfter], '');
    }
}
