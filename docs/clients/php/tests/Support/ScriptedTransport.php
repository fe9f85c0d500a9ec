<?php

declare(strict_types=1);

namespace Plasmd\Tests\Support;

use Plasmd\Exception\UnreachableException;
use Plasmd\Http\Request;
use Plasmd\Http\Response;
use Plasmd\Http\Transport;

/** Answers from a list, in order; null is an address at which nobody answers. */
final class ScriptedTransport implements Transport
{
    /** @var list<Request> */
    public array $requests = [];

    /** @param list<Response|null> $answers */
    public function __construct(
        private array $answers,
    ) {
    }

    public function send(Request $request): Response
    {
        $this->requests[] = $request;
        $answer = array_shift($this->answers);
        if ($answer === null) {
            throw new UnreachableException('nobody answers');
        }
        if ($request->sink === null || !$answer->isGood()) {
            return $answer;
        }
        // In small pieces, as a network brings them.
        foreach (str_split($answer->body, 7) as $piece) {
            if (!($request->sink)($piece)) {
                break;
            }
        }
        return new Response($answer->status, $answer->headers, '');
    }
}
