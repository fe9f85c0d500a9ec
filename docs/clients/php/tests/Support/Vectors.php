<?php

declare(strict_types=1);

namespace Plasmd\Tests\Support;

/** Public vectors that lie beside the project where it is developed, and are no part of it. */
final class Vectors
{
    /** The path of a file or folder of vectors, or null where they are missing. */
    public static function path(string $name): ?string
    {
        $path = __DIR__ . "/../../../../../../shared/vectors/$name";
        return file_exists($path) ? $path : null;
    }

    /** The test vectors of docs/formats.md, one a line, or null where the page is missing. */
    public static function ofFormats(): ?array
    {
        $page = __DIR__ . '/../../../../formats.md';
        if (!is_file($page)) {
            return null;
        }
        $section = explode("### Test vectors\n", (string) file_get_contents($page))[1] ?? '';
        preg_match_all('/^```text\n([\s\S]*?)^```/m', $section, $blocks);
        return array_merge(...array_map(static fn (string $block): array => explode("\n", trim($block)), $blocks[1]));
    }
}
