<?php

declare(strict_types=1);

namespace Plasmd\Tests\Support;

/** A server in a process of its own that answers with bytes as they are. */
final class RawServer
{
    public readonly string $origin;
    /** @var resource */
    private $process;
    /** @var resource */
    private $output;

    public function __construct(string $answer, string $how = 'close')
    {
        $command = [PHP_BINARY, __DIR__ . '/raw_server.php', base64_encode($answer), $how];
        $this->process = proc_open($command, [['file', '/dev/null', 'r'], ['pipe', 'w'], STDERR], $pipes);
        $this->output = $pipes[1];
        $this->origin = 'http://127.0.0.1:' . trim((string) fgets($this->output));
    }

    /** @return array{head: string, body: string, length: int} the next request that came */
    public function request(): array
    {
        return json_decode((string) fgets($this->output), true);
    }

    public function stop(): void
    {
        proc_terminate($this->process, 9);
        fclose($this->output);
        proc_close($this->process);
    }
}
