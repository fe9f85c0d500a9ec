<?php

declare(strict_types=1);

namespace Plasmd\Http;

use Plasmd\Exception\BadAnswerException;
use Plasmd\Limits;

/** Reads server-sent events (HTML standard, 9.2) from bytes that come in any pieces. */
final class EventParser
{
    private string $rest = '';
    private string $type = '';
    private string $id = '';
    /** @var list<string> */
    private array $data = [];
    private int $size = 0;

    /** @return list<ServerEvent> those that are whole now */
    public function feed(string $bytes): array
    {
        $events = [];
        $lines = preg_split('/\r\n|\n|\r(?!\z)/', $this->rest . $bytes);
        $this->rest = array_pop($lines);
        foreach ($lines as $line) {
            if ($line !== '') {
                $this->line($line);
                continue;
            }
            if ($this->data !== []) {
                $events[] = new ServerEvent($this->type, $this->id, implode("\n", $this->data));
            }
            [$this->type, $this->data, $this->size] = ['', [], 0];
        }
        $this->bound(strlen($this->rest));
        return $events;
    }

    private function line(string $line): void
    {
        [$field, $value] = explode(':', $line, 2) + [1 => ''];
        $value = str_starts_with($value, ' ') ? substr($value, 1) : $value;
        $this->size += strlen($value);
        $this->bound(0);
        match ($field) {
            'event' => $this->type = $value,
            'id' => $this->id = $value,
            'data' => $this->data[] = $value,
            default => null, // a comment, or what we don't know
        };
    }

    private function bound(int $more): void
    {
        if ($this->size + $more > Limits::EVENT_BYTES) {
            throw new BadAnswerException('An event is larger than ' . Limits::EVENT_BYTES . ' bytes');
        }
    }
}
