<?php

declare(strict_types=1);

namespace Plasmd\Tests\Http;

use PHPUnit\Framework\TestCase;
use Plasmd\Exception\BadAnswerException;
use Plasmd\Http\EventParser;
use Plasmd\Http\ServerEvent;

final class EventParserTest extends TestCase
{
    private const TEXT = ": alive\n\nevent: state\nid: 0-0\ndata: {\"a\":1}\n\n"
        . "event:stdout\r\nid:5-0\r\ndata: x\r\ndata:  y\r\n\r\n\nunknown: z\nevent: lost\n\ndata\n\n";
    private const EVENTS = [['state', '0-0', '{"a":1}'], ['stdout', '5-0', "x\n y"], ['', '5-0', '']];

    public function testEventsAreReadInWhateverPiecesTheyCome(): void
    {
        for ($size = 1; $size <= strlen(self::TEXT); $size++) {
            $parser = new EventParser();
            $events = [];
            foreach (str_split(self::TEXT, $size) as $piece) {
                array_push($events, ...$parser->feed($piece));
            }
            $read = array_map(static fn (ServerEvent $event): array => [$event->type, $event->id, $event->data], $events);
            self::assertSame(self::EVENTS, $read, "pieces of $size");
        }
    }

    public function testAnEventThatBreaksOffIsNone(): void
    {
        self::assertSame([], (new EventParser())->feed("event: state\ndata: {}\n"));
    }

    public function testAnEventWithoutEndIsRefused(): void
    {
        foreach (['x', 'data: ' . str_repeat('x', 1000) . "\n", ':'] as $piece) {
            try {
                $parser = new EventParser();
                for ($i = 0; $i < 2_000_000 / strlen($piece); $i += 1000) {
                    $parser->feed(str_repeat($piece, 1000));
                }
                self::fail('it was held');
            } catch (BadAnswerException $thrown) {
                self::assertStringContainsString('larger than 1048576', $thrown->getMessage());
            }
        }
    }

    public function testAnyBytesAreReadOrRefused(): void
    {
        for ($i = 0; $i < 500; $i++) {
            foreach ((new EventParser())->feed(random_bytes(200) . "\n\n" . self::TEXT) as $event) {
                self::assertInstanceOf(ServerEvent::class, $event);
            }
        }
    }
}
