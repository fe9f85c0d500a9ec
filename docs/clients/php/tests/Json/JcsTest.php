<?php

declare(strict_types=1);

namespace Plasmd\Tests\Json;

use PHPUnit\Framework\TestCase;
use Plasmd\Exception\MalformedException;
use Plasmd\Json\Jcs;
use Plasmd\Tests\Support\Vectors;

final class JcsTest extends TestCase
{
    public function testEveryVectorOfTheStandardHasItsCanonicalForm(): void
    {
        $folder = Vectors::path('jcs');
        if ($folder === null) {
            self::markTestSkipped('no vectors at ../shared/vectors/jcs');
        }
        $names = glob("$folder/input/*.json");
        self::assertGreaterThanOrEqual(6, count($names));
        foreach ($names as $name) {
            $input = json_decode((string) file_get_contents($name));
            $expected = (string) file_get_contents("$folder/output/" . basename($name));
            self::assertSame($expected, Jcs::encode($input), $name);
            $hex = (string) file_get_contents("$folder/outhex/" . basename($name, '.json') . '.txt');
            self::assertSame((string) preg_replace('/\s/', '', $hex), bin2hex(Jcs::encode($input)), $name);
        }
    }

    public function testEmptyObjectsAndEmptyListsAreTwoThings(): void
    {
        self::assertSame('{"list":[],"object":{}}', Jcs::encode((object) ['object' => new \stdClass(), 'list' => []]));
        self::assertSame('[[],{}]', Jcs::encode(json_decode('[ [ ], { } ]')));
    }

    public function testAnArrayWithKeysIsRefused(): void
    {
        foreach ([['a' => 1], [1 => 'x'], [[], ['k' => []]]] as $value) {
            self::assertRefused($value, 'cast it to an object');
        }
    }

    public function testTextIsEscapedNoMoreThanItMustBe(): void
    {
        $controls = implode('', array_map('chr', range(0, 0x1f)));
        $escaped = '\\u0000\\u0001\\u0002\\u0003\\u0004\\u0005\\u0006\\u0007\\b\\t\\n\\u000b\\f\\r\\u000e\\u000f'
            . '\\u0010\\u0011\\u0012\\u0013\\u0014\\u0015\\u0016\\u0017'
            . '\\u0018\\u0019\\u001a\\u001b\\u001c\\u001d\\u001e\\u001f';
        self::assertSame("\"$escaped\"", Jcs::encode($controls));
        self::assertSame('"\\"\\\\/"', Jcs::encode('"\\/'));
        foreach (["\u{2028}", "\u{2029}", "\x7f", "\u{80}", "\u{feff}", "\u{fffe}", "\u{10ffff}", '😂', "</script>"] as $raw) {
            self::assertSame("\"$raw\"", Jcs::encode($raw));
        }
    }

    public function testMembersAreSortedByUtf16Units(): void
    {
        $names = ["\u{fb33}", "\u{1f602}", "\u{e000}", "\u{d7ff}", "\u{ffff}", "\u{10000}", 'b', 'B', '10', '9', '', 'a', 'aa'];
        $object = (object) array_fill_keys($names, 0);
        $sorted = ['', '10', '9', 'B', 'a', 'aa', 'b', "\u{d7ff}", "\u{10000}", "\u{1f602}", "\u{e000}", "\u{fb33}", "\u{ffff}"];
        $parts = array_map(static fn (string $name): string => "\"$name\":0", $sorted);
        self::assertSame('{' . implode(',', $parts) . '}', Jcs::encode($object));
    }

    public function testNamesThatLookLikeNumbersAreNames(): void
    {
        self::assertSame('{"-1":1,"0":2,"007":3,"1e3":4}', Jcs::encode(json_decode('{"1e3":4,"0":2,"-1":1,"007":3}')));
        self::assertSame('{"0":"x"}', Jcs::encode((object) ['x']));
    }

    public function testTextThatIsNoUnicodeIsRefused(): void
    {
        foreach (["\xff", "\xed\xa0\x80", "\xed\xbf\xbf", "\xc0\x80", "\xf4\x90\x80\x80", "a\xe2\x80"] as $bad) {
            self::assertRefused($bad, 'UTF-8');
            self::assertRefused((object) [$bad => 1], 'UTF-8');
        }
    }

    public function testWholeNumbersBeyondTwoToThe53AreRefused(): void
    {
        self::assertSame('[9007199254740992,-9007199254740992]', Jcs::encode([2 ** 53, -(2 ** 53)]));
        foreach ([2 ** 53 + 1, -(2 ** 53) - 1, PHP_INT_MAX, PHP_INT_MIN] as $number) {
            self::assertRefused($number, '2^53');
        }
    }

    public function testWhatJsonDoesNotHaveIsRefused(): void
    {
        self::assertRefused(new \DateTimeImmutable(), 'DateTimeImmutable');
        self::assertRefused(static fn (): int => 1, 'Closure');
        $deep = [];
        for ($i = 0; $i < 200; $i++) {
            $deep = [$deep];
        }
        self::assertRefused($deep, 'nested too deep');
    }

    private static function assertRefused(mixed $value, string $why): void
    {
        try {
            Jcs::encode($value);
            self::fail('it was written');
        } catch (MalformedException $thrown) {
            self::assertStringContainsString($why, $thrown->getMessage());
        }
    }
}
