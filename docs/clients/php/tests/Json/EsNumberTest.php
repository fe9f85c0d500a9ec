<?php

declare(strict_types=1);

namespace Plasmd\Tests\Json;

use PHPUnit\Framework\TestCase;
use Plasmd\Exception\MalformedException;
use Plasmd\Json\EsNumber;

final class EsNumberTest extends TestCase
{
    /** The numbers of RFC 8785, appendix B, and some at the borders of the notations. */
    private const NUMBERS = [
        '0000000000000000' => '0',
        '8000000000000000' => '0',
        '0000000000000001' => '5e-324',
        '8000000000000001' => '-5e-324',
        '7fefffffffffffff' => '1.7976931348623157e+308',
        'ffefffffffffffff' => '-1.7976931348623157e+308',
        '4340000000000000' => '9007199254740992',
        'c340000000000000' => '-9007199254740992',
        '4430000000000000' => '295147905179352830000',
        '44b52d02c7e14af5' => '9.999999999999997e+22',
        '44b52d02c7e14af6' => '1e+23',
        '44b52d02c7e14af7' => '1.0000000000000001e+23',
        '444b1ae4d6e2ef4e' => '999999999999999700000',
        '444b1ae4d6e2ef4f' => '999999999999999900000',
        '444b1ae4d6e2ef50' => '1e+21',
        '3eb0c6f7a0b5ed8c' => '9.999999999999997e-7',
        '3eb0c6f7a0b5ed8d' => '0.000001',
        '41b3de4355555553' => '333333333.3333332',
        '41b3de4355555554' => '333333333.33333325',
        '41b3de4355555555' => '333333333.3333333',
        '41b3de4355555556' => '333333333.3333334',
        '41b3de4355555557' => '333333333.33333343',
        'becbf647612f3696' => '-0.0000033333333333333333',
        '43143ff3c1cb0959' => '1424953923781206.2',
        '3d30000000000000' => '5.684341886080802e-14',
        '3ff0000000000000' => '1',
        'bff8000000000000' => '-1.5',
        '4059000000000000' => '100',
    ];

    public function testNumbersAreWrittenAsEcmaScriptWritesThem(): void
    {
        foreach (self::NUMBERS as $bits => $text) {
            self::assertSame($text, EsNumber::format(self::number((string) $bits)), (string) $bits);
        }
    }

    public function testNoSettingAndNoLocaleChangesThem(): void
    {
        $precision = ini_set('serialize_precision', '5');
        $locale = setlocale(LC_NUMERIC, '0');
        setlocale(LC_NUMERIC, 'de_DE.UTF-8', 'de_DE', 'C');
        try {
            self::assertSame('333333333.33333325', EsNumber::format(self::number('41b3de4355555554')));
        } finally {
            ini_set('serialize_precision', (string) $precision);
            setlocale(LC_NUMERIC, (string) $locale);
        }
    }

    public function testEveryNumberReadsBackAsTheSame(): void
    {
        for ($i = 0; $i < 20_000; $i++) {
            $number = self::number(bin2hex(random_bytes(8)));
            if (is_finite($number)) {
                $text = EsNumber::format($number);
                self::assertSame($number + 0.0, (float) $text, $text);
                self::assertMatchesRegularExpression('/^-?(0|[1-9]\d{0,20})(\.\d+)?(e[+-][1-9]\d*)?$/D', $text);
            }
        }
    }

    public function testInfinityAndNanHaveNoJson(): void
    {
        foreach ([INF, -INF, NAN] as $number) {
            try {
                EsNumber::format($number);
                self::fail('it was written');
            } catch (MalformedException $thrown) {
                self::assertSame('malformed', $thrown->problem);
            }
        }
    }

    private static function number(string $bits): float
    {
        return unpack('E', (string) hex2bin($bits))[1];
    }
}
