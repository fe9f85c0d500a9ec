<?php

/** Loads the client's classes where there is no Composer: require this file, and nothing else. */

declare(strict_types=1);

spl_autoload_register(static function (string $class): void {
    if (!str_starts_with($class, 'Plasmd\\')) {
        return;
    }
    $file = __DIR__ . '/src/' . str_replace('\\', '/', substr($class, strlen('Plasmd\\'))) . '.php';
    if (is_file($file)) {
        require $file;
    }
});
