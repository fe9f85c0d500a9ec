<?php

declare(strict_types=1);

namespace Plasmd\Tests\Http;

use PHPUnit\Framework\TestCase;
use Plasmd\Blob;
use Plasmd\Exception\BadAnswerException;
use Plasmd\Exception\PlasmdException;
use Plasmd\Exception\UnreachableException;
use Plasmd\Http\CurlTransport;
use Plasmd\Http\Request;
use Plasmd\Http\Response;
use Plasmd\Tests\Support\RawServer;

final class CurlTransportTest extends TestCase
{
    private ?RawServer $server = null;

    protected function tearDown(): void
    {
        $this->server?->stop();
        putenv('http_proxy');
    }

    public function testAnAnswerIsRead(): void
    {
        $response = $this->ask("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Job-State: done\r\nRetry-After: 7\r\n\r\nhello");
        self::assertSame([200, 'hello', 'done'], [$response->status, $response->body, $response->headers['x-job-state']]);
        self::assertSame('127.0.0.1', $response->address);
        self::assertSame(7, $response->retryAfter());
        $head = $this->server->request()['head'];
        self::assertStringStartsWith('GET /path HTTP/1.1', $head);
        self::assertStringContainsString('Accept-Encoding: identity', $head);
    }

    public function testABodyIsSentWithItsLength(): void
    {
        foreach (['', 'order', random_bytes(3_000_000)] as $body) {
            foreach (['POST', 'PUT', 'DELETE'] as $method) {
                $this->ask("HTTP/1.1 204 No Content\r\n\r\n", method: $method, body: Blob::fromString($body));
                $request = $this->server->request();
                self::assertStringStartsWith("$method /path", $request['head']);
                self::assertMatchesRegularExpression('/^content-length: ' . strlen($body) . '\r?$/im', $request['head']);
                self::assertStringNotContainsStringIgnoringCase('transfer-encoding', $request['head']);
                self::assertSame([md5($body), strlen($body)], [$request['body'], $request['length']]);
                $this->server->stop();
                $this->server = null;
            }
        }
    }

    public function testARedirectIsNotFollowed(): void
    {
        $response = $this->ask("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n");
        self::assertSame(302, $response->status);
        self::assertFalse($response->isGood());
    }

    public function testNoProxyOfTheEnvironmentIsUsed(): void
    {
        putenv('http_proxy=http://127.0.0.1:1');
        self::assertSame(200, $this->ask("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")->status);
    }

    public function testAnAnswerThatIsTooLargeIsCutOff(): void
    {
        $this->refused(BadAnswerException::class, 'larger than 262144', "HTTP/1.1 200 OK\r\n\r\n" . str_repeat('x', 4096), 'flood');
        $this->refused(BadAnswerException::class, 'larger than 262144', "HTTP/1.1 500 No\r\n\r\n" . str_repeat('x', 4096), 'flood');
        $this->refused(BadAnswerException::class, 'head of more', "HTTP/1.1 200 OK\r\n" . str_repeat("X: y\r\n", 5000) . "\r\n");
    }

    public function testAnEncodedAnswerIsRefused(): void
    {
        $answer = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx";
        $this->refused(BadAnswerException::class, 'is encoded', $answer);
    }

    public function testAnAnswerThatBreaksOffIsNone(): void
    {
        foreach (["HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", '', 'HTTP', "no HTTP\r\n\r\n"] as $answer) {
            $this->refused(UnreachableException::class, 'No whole answer', $answer);
        }
    }

    public function testAnAnswerThatDoesNotComeInTimeIsNone(): void
    {
        $this->refused(UnreachableException::class, 'No whole answer', "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhel", 'hang');
        $this->refused(UnreachableException::class, 'No whole answer', '', 'hang');
    }

    public function testNobodyAtAnAddressIsUnreachable(): void
    {
        $this->expectException(UnreachableException::class);
        (new CurlTransport())->send(new Request('GET', 'http://127.0.0.1:1/'));
    }

    public function testNothingButHttpIsSpoken(): void
    {
        $this->expectException(UnreachableException::class);
        (new CurlTransport())->send(new Request('GET', 'file:///etc/passwd'));
    }

    public function testASinkGetsABodyAndStopsItWhenItHasEnough(): void
    {
        $got = '';
        $sink = static function (string $bytes) use (&$got): bool {
            $got .= $bytes;
            return strlen($got) < 100_000;
        };
        $response = $this->ask("HTTP/1.1 200 OK\r\n\r\n" . str_repeat('x', 4096), 'flood', sink: $sink);
        self::assertSame([200, ''], [$response->status, $response->body]);
        self::assertGreaterThanOrEqual(100_000, strlen($got));
    }

    public function testWhatASinkThrowsArrives(): void
    {
        $this->expectException(\DomainException::class);
        $sink = static fn (string $bytes): bool => throw new \DomainException('mine');
        $this->ask("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", sink: $sink);
    }

    private function ask(
        string $answer,
        string $how = 'close',
        string $method = 'GET',
        ?Blob $body = null,
        ?\Closure $sink = null,
    ): Response {
        $this->server?->stop();
        $this->server = new RawServer($answer, $how);
        $request = new Request($method, "{$this->server->origin}/path", $body, seconds: 2.0, sink: $sink);
        return (new CurlTransport())->send($request);
    }

    /** @param class-string<PlasmdException> $class */
    private function refused(string $class, string $why, string $answer, string $how = 'close'): void
    {
        try {
            $this->ask($answer, $how);
            self::fail("it was taken: $answer");
        } catch (PlasmdException $thrown) {
            self::assertInstanceOf($class, $thrown);
            self::assertStringContainsString($why, $thrown->getMessage());
        }
    }
}
