<?php

/** Composer's autoloader where there is one, else our own. */

declare(strict_types=1);

$composer = __DIR__ . '/../vendor/autoload.php';
require is_file($composer) ? $composer : __DIR__ . '/../autoload.php';

spl_autoload_register(static function (string $class): void {
    $file = __DIR__ . '/' . str_replace('\\', '/', substr($class, strlen('Plasmd\\Tests\\'))) . '.php';
    if (str_starts_with($class, 'Plasmd\\Tests\\') && is_file($file)) {
        require $file;
    }
});
