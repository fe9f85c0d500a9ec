<?php

declare(strict_types=1);

namespace Plasmd\Tests;

use PHPUnit\Framework\TestCase;
use Plasmd\Client;
use Plasmd\Directory;
use Plasmd\Exception\BadAnswerException;
use Plasmd\Exception\MalformedException;
use Plasmd\Exception\RefusedException;
use Plasmd\Http\Response;
use Plasmd\Tests\Support\Jobs;
use Plasmd\Tests\Support\ScriptedTransport;
use Plasmd\Worker;

final class DirectoryTest extends TestCase
{
    public function testWorkersComeTheLeastBusyFirst(): void
    {
        $workers = $this->ask([self::entry(2, 70), self::entry(3, 5), self::entry(4, 20)]);
        $ids = array_map(static fn (Worker $worker): string => $worker->keyId, $workers);
        self::assertSame([Jobs::worker(3)->keyId, Jobs::worker(4)->keyId, Jobs::worker(2)->keyId], $ids);
        self::assertSame(['http://192.0.2.9:8080'], $workers[0]->origins);
    }

    public function testTheQueryNamesArchAndRuntime(): void
    {
        $transport = new ScriptedTransport([self::answer([]), self::answer([])]);
        $directory = new Directory($transport);
        $directory->ask('http://192.0.2.1:8080/', 'x86_64', 'v8-wasi-0.1');
        $directory->ask('http://192.0.2.1:8080');
        self::assertSame('http://192.0.2.1:8080/v1/workers?arch=x86_64&runtime=v8-wasi-0.1', $transport->requests[0]->url);
        self::assertSame('http://192.0.2.1:8080/v1/workers', $transport->requests[1]->url);
    }

    public function testAddressesThatOnlyWeCanReachAreDropped(): void
    {
        $inside = ['http://127.0.0.1:22', 'http://10.0.0.1:80', 'http://metadata.internal:80', 'http://[::1]:80', 5, null];
        $mixed = ['origins' => [...$inside, 'http://192.0.2.9:1']] + self::entry(2);
        self::assertSame(['http://192.0.2.9:1'], $this->ask([$mixed], '198.51.100.1')[0]->origins);
        self::assertSame([], $this->ask([['origins' => $inside] + self::entry(2)], '198.51.100.1'));
        $site = $this->ask([['origins' => $inside] + self::entry(2)], '192.168.1.1');
        self::assertSame(['http://10.0.0.1:80'], $site[0]->origins);
        self::assertCount(3, $this->ask([['origins' => $inside] + self::entry(2)], '127.0.0.1')[0]->origins);
    }

    public function testEntriesThatAreNoneAreLeftOut(): void
    {
        $bad = [null, 5, [], ['keyid' => 'x', 'origins' => []], ['keyid' => 5] + self::entry(2), ['origins' => 'x'] + self::entry(2)];
        self::assertSame([], $this->ask($bad));
        self::assertSame(100, $this->ask([['load' => 'none'] + self::entry(2)])[0]->load);
    }

    public function testAnswersThatAreNoListAreRefused(): void
    {
        $many = (string) json_encode(['workers' => array_fill(0, 65, self::entry(2))]);
        foreach (['', 'x', '[]', '{"workers":5}', $many, str_repeat('[', 100)] as $body) {
            try {
                (new Directory(new ScriptedTransport([new Response(200, [], $body)])))->ask('http://192.0.2.1:80');
                self::fail('it was taken');
            } catch (BadAnswerException $thrown) {
                self::assertSame('bad_source', $thrown->problem);
            }
        }
        $this->expectException(RefusedException::class);
        (new Directory(new ScriptedTransport([new Response(404, [], '')])))->ask('http://192.0.2.1:80');
    }

    public function testAClientFindsPinnedWorkersOnly(): void
    {
        $transport = new ScriptedTransport([self::answer([self::entry(2), self::entry(3)])]);
        $client = new Client(Jobs::submitter(), [Jobs::worker(3)->keyId], $transport);
        $workers = $client->discover('http://192.0.2.1:8080');
        self::assertCount(1, $workers);
        self::assertSame(Jobs::worker(3)->keyId, $workers[0]->keyId);
    }

    public function testAKeyThatProvesNothingIsNotPinned(): void
    {
        $this->expectException(MalformedException::class);
        new Client(Jobs::submitter(), ['ed25519:01' . str_repeat('0', 62)]);
    }

    /**
     * @param list<mixed> $entries
     * @return list<Worker>
     */
    private function ask(array $entries, string $from = '127.0.0.1'): array
    {
        return (new Directory(new ScriptedTransport([self::answer($entries, $from)])))->ask('http://192.0.2.1:80');
    }

    /** @param list<mixed> $entries */
    private static function answer(array $entries, string $from = '127.0.0.1'): Response
    {
        return new Response(200, [], (string) json_encode(['workers' => $entries]), $from);
    }

    /** @return array<string, mixed> */
    private static function entry(int $number, int $load = 0): array
    {
        return [
            'peer_id' => '12D3KooW',
            'keyid' => Jobs::worker($number)->keyId,
            'origins' => ['http://192.0.2.9:8080'],
            'arch' => 'x86_64',
            'runtimes' => ['v8-wasi-0.1'],
            'load' => $load,
        ];
    }
}
