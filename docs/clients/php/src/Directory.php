<?php

declare(strict_types=1);

namespace Plasmd;

use Plasmd\Exception\BadAnswerException;
use Plasmd\Http\Origin;
use Plasmd\Http\Problem;
use Plasmd\Http\Request;
use Plasmd\Http\Scope;
use Plasmd\Http\Transport;

/**
 * Workers that a node knows: itself, and those that it finds in the DHT. The node may lie: about
 * keys, which is why they are pinned, and about addresses, at which a pinned key proves itself.
 */
final class Directory
{
    /** Seconds for an answer: the node searches for five. */
    private const SECONDS = 20.0;

    public function __construct(
        private readonly Transport $transport,
    ) {
    }

    /**
     * Asks a node, the least busy worker first.
     *
     * @return list<Worker> unproved
     */
    public function ask(string $node, ?string $arch = null, ?string $runtime = null): array
    {
        $query = http_build_query(array_filter(['arch' => $arch, 'runtime' => $runtime]));
        $url = Origin::parse($node) . '/v1/workers' . ($query === '' ? '' : "?$query");
        $response = $this->transport->send(new Request('GET', $url, seconds: self::SECONDS));
        if (!$response->isGood()) {
            throw Problem::of($response);
        }
        $said = json_decode($response->body, true, 8);
        $entries = is_array($said) ? $said['workers'] ?? null : null;
        if (!is_array($entries) || count($entries) > Limits::WORKERS) {
            throw new BadAnswerException('The node answers with no list of workers');
        }
        $from = Scope::of($response->address);
        $read = static fn (mixed $entry): ?Worker => self::read($entry, $from);
        $workers = array_values(array_filter(array_map($read, $entries)));
        usort($workers, static fn (Worker $one, Worker $other): int => $one->load <=> $other->load);
        return $workers;
    }

    /** A worker that can be reached, or null. */
    private static function read(mixed $entry, Scope $from): ?Worker
    {
        $keyId = is_array($entry) ? $entry['keyid'] ?? null : null;
        $told = is_array($entry) ? $entry['origins'] ?? null : null;
        if (!is_string($keyId) || preg_match('/^ed25519:[0-9a-f]{64}$/D', $keyId) !== 1 || !is_array($told)) {
            return null;
        }
        $origins = array_filter(
            array_slice($told, 0, Limits::ORIGINS),
            static function (mixed $origin) use ($from): bool {
                $address = is_string($origin) ? Origin::addressOf($origin) : null;
                return $address !== null && $from->mayName(Scope::of($address));
            },
        );
        $load = is_int($entry['load'] ?? null) ? $entry['load'] : 100;
        return $origins === [] ? null : new Worker($keyId, array_values($origins), max(0, min(100, $load)));
    }
}
