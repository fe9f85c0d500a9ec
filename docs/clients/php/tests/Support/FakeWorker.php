<?php

declare(strict_types=1);

namespace Plasmd\Tests\Support;

use Plasmd\Blob;
use Plasmd\Exception\UnreachableException;
use Plasmd\Http\Request;
use Plasmd\Http\Response;
use Plasmd\Http\Transport;
use Plasmd\Identity;
use Plasmd\JobSpec;

/** Workers by their origins: each takes jobs, misses their input, and prints "hello". */
final class FakeWorker implements Transport
{
    /** @var list<string> "METHOD path" of every request */
    public array $asked = [];
    /** @var array<string, string> digest => what was sent */
    public array $blobs = [];
    private ?JobSpec $job = null;

    /** @param array<string, mixed> $lies state, stdout, receipt (a function of the job), missing, refuse */
    public function __construct(
        private readonly Identity $identity,
        private readonly array $lies = [],
    ) {
    }

    /** @param array<string, FakeWorker> $workers by origin; nobody answers elsewhere */
    public static function network(array $workers): Transport
    {
        return new class ($workers) implements Transport {
            /** @param array<string, FakeWorker> $workers */
            public function __construct(private readonly array $workers)
            {
            }

            public function send(Request $request): Response
            {
                preg_match('~^(https?://[^/]+)~', $request->url, $parts);
                $worker = $this->workers[$parts[1]] ?? throw new UnreachableException("nobody at $parts[1]");
                return $worker->send($request);
            }
        };
    }

    public function send(Request $request): Response
    {
        $path = (string) preg_replace('~^https?://[^/]+~', '', $request->url);
        $this->asked[] = "$request->method $path";
        $body = $request->body === null ? '' : $request->body->read(0, max(1, $request->body->size));
        return $this->refusal() ?? match (true) {
            $request->method === 'POST' => $this->take($body),
            $request->method === 'PUT' => $this->store($body),
            $request->method === 'DELETE' => $this->status('done'),
            str_ends_with($path, '/receipt') => new Response(200, [], $this->receipt()),
            str_ends_with($path, '/stdout') => new Response(200, [], $this->lies['stdout'] ?? "hello\n"),
            str_ends_with($path, '/stderr') => new Response(200, [], ''),
            default => $this->status($this->lies['state'] ?? 'done'),
        };
    }

    private function refusal(): ?Response
    {
        [$status, $code] = $this->lies['refuse'] ?? [0, ''];
        $body = ['type' => 'about:blank', 'title' => 'x', 'status' => $status, 'code' => $code, 'detail' => 'no'];
        return $status === 0 ? null : new Response($status, [], (string) json_encode($body));
    }

    private function take(string $body): Response
    {
        $this->job = JobSpec::open($body);
        $needed = array_keys(Jobs::job()->blobs());
        return $this->status('waiting', $this->lies['missing'] ?? array_values(array_diff($needed, array_keys($this->blobs))));
    }

    private function store(string $body): Response
    {
        $this->blobs[Blob::fromString($body)->digest] = $body;
        return new Response(204, [], '');
    }

    private function receipt(): string
    {
        $make = $this->lies['receipt'] ?? null;
        return $make === null ? Jobs::receipt($this->job, signer: $this->identity) : $make($this->job);
    }

    /** @param list<string> $missing */
    private function status(string $state, array $missing = []): Response
    {
        $problem = $state === 'lost' || $state === 'refused' ? ['code' => 'no_space', 'detail' => 'full'] : null;
        return new Response(200, [], (string) json_encode([
            'job_id' => $this->job?->id,
            'state' => $state,
            'missing' => $missing,
            'position' => null,
            'problem' => $problem,
        ]));
    }
}
