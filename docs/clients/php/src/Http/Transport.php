<?php

declare(strict_types=1);

namespace Plasmd\Http;

/** Sends requests. */
interface Transport
{
    /**
     * Sends one request, once, and follows no redirect.
     *
     * @throws \Plasmd\Exception\UnreachableException where no whole answer came in time
     * @throws \Plasmd\Exception\BadAnswerException where the answer is larger than it may be
     */
    public function send(Request $request): Response;
}
