<?php

declare(strict_types=1);

namespace Plasmd\Tests\Json;

use PHPUnit\Framework\TestCase;
use Plasmd\Exception\MalformedException;
use Plasmd\Json\Canonical;
use Plasmd\Json\Jcs;

final class CanonicalTest extends TestCase
{
    public function testCanonicalBytesAreRead(): void
    {
        foreach (['{}', '{"a":[],"b":{}}', '{"":"","1":2}', "{\"a\":\"\u{2028}\u{1f602}\"}", '{"a":-9007199254740992}'] as $text) {
            self::assertSame($text, Jcs::encode(Canonical::parse($text, 'test', 1000)));
        }
    }

    public function testEveryOtherSpellingIsRefused(): void
    {
        $bad = [
            '', ' {}', "{}\n", "\u{feff}{}", '[]', 'null', '1', '"a"', '{', '{"a":1,}', "{'a':1}",
            '{"a":1,"a":1}', '{"b":1,"a":2}', '{"a" :1}', '{"a":1.0}', '{"a":1e2}', '{"a":-0}', '{"a":01}', '{"a":1.5}',
            '{"a":9007199254740993}', '{"a":1e999}', '{"a":123456789012345678901234567890}',
            '{"a":"\\u0041"}', '{"a":"\\/"}', '{"a":"\\u000A"}', '{"a":"\\u001F"}', '{"a":"\\ud800"}', '{"a":"\\ud83d\\ude02"}',
            "{\"a\":\"\xff\"}", "{\"a\":\"\xed\xa0\x80\"}", "{\"a\":\"\n\"}", '{"__proto__":1}', '{"a":{"__proto__":{}}}',
            '{"\\u0000a":1}', '{"a":NaN}', '{"a":undefined}', '{"a":true}x', "{\"a\":1}\0",
        ];
        foreach ($bad as $text) {
            try {
                Canonical::parse($text, 'test', 1000);
                self::fail("it was read: $text");
            } catch (MalformedException $thrown) {
                self::assertSame('malformed', $thrown->problem);
            }
        }
    }

    public function testSizeAndNestingAreBounded(): void
    {
        $nested = static fn (int $levels): string => str_repeat('{"a":', $levels) . '1' . str_repeat('}', $levels);
        self::assertInstanceOf(\stdClass::class, Canonical::parse($nested(16), 'test', 1000));
        foreach ([$nested(17), $nested(100), '{"a":"' . str_repeat('x', 1000) . '"}'] as $text) {
            $this->expectRefusal($text);
        }
    }

    public function testChangedBytesNeverReadAsSomethingElse(): void
    {
        $text = '{"a":[1,-2,"x\\n"],"b":{"c":null,"d":true}}';
        for ($i = 0; $i < 3000; $i++) {
            $changed = $text;
            for ($j = 0; $j <= $i % 3; $j++) {
                $changed[random_int(0, strlen($text) - 1)] = chr(random_int(0, 255));
            }
            try {
                self::assertSame($changed, Jcs::encode(Canonical::parse($changed, 'test', 1000)));
            } catch (MalformedException $thrown) {
                self::assertSame('malformed', $thrown->problem);
            }
        }
    }

    private function expectRefusal(string $text): void
    {
        try {
            Canonical::parse($text, 'test', 1000);
            self::fail('it was read');
        } catch (MalformedException $thrown) {
            self::assertSame('malformed', $thrown->problem);
        }
    }
}
