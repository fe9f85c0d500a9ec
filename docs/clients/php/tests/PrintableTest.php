<?php

declare(strict_types=1);

namespace Plasmd\Tests;

use PHPUnit\Framework\TestCase;
use Plasmd\Printable;

final class PrintableTest extends TestCase
{
    public function testControlsAndWhatTurnsWritingAreEscaped(): void
    {
        self::assertSame('a\\x1b[31mb\\x0a\\x7f', Printable::of("a\e[31mb\n\x7f"));
        self::assertSame('\\xe280ae\\xe280a8\\xc285', Printable::of("\u{202e}\u{2028}\u{85}"));
        self::assertSame('plain "text" é 😂', Printable::of('plain "text" é 😂'));
    }

    public function testLongTextIsCutAndBytesThatAreNoTextAreMarked(): void
    {
        self::assertSame(str_repeat('é', 200) . '...', Printable::of(str_repeat('é', 5000)));
        self::assertSame(str_repeat('x', 200), Printable::of(str_repeat('x', 200)));
        self::assertSame('a??b', Printable::of("a\xff\xfeb"));
    }
}
