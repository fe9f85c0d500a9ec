<?php

declare(strict_types=1);

namespace Plasmd\Tests;

use PHPUnit\Framework\TestCase;
use Plasmd\Exception\IdentityException;
use Plasmd\Identity;

final class IdentityTest extends TestCase
{
    private string $folder;

    protected function setUp(): void
    {
        $this->folder = sys_get_temp_dir() . '/plasmd-test-' . bin2hex(random_bytes(8));
        mkdir($this->folder, 0700);
    }

    protected function tearDown(): void
    {
        chmod($this->folder, 0700);
        array_map('unlink', glob("$this->folder/*") ?: []);
        rmdir($this->folder);
    }

    public function testAKeyThatIsMadeCanBeReadAgain(): void
    {
        $made = Identity::create("$this->folder/key");
        self::assertSame(0600, fileperms("$this->folder/key") & 0777);
        self::assertSame(32, filesize("$this->folder/key"));
        self::assertSame($made->keyId, Identity::fromFile("$this->folder/key")->keyId);
        self::assertMatchesRegularExpression('/^ed25519:[0-9a-f]{64}$/D', $made->keyId);
    }

    public function testAnExistingFileIsNeverReplaced(): void
    {
        $keyId = Identity::create("$this->folder/key")->keyId;
        $this->refused(fn () => Identity::create("$this->folder/key"), 'exists');
        self::assertSame($keyId, Identity::fromFile("$this->folder/key")->keyId);
    }

    public function testAKeyThatOthersCanReadIsRefused(): void
    {
        Identity::create("$this->folder/key");
        foreach ([0640, 0604, 0660, 0644, 0610, 0700] as $mode) {
            chmod("$this->folder/key", $mode);
            $this->refused(fn () => Identity::fromFile("$this->folder/key"), 'chmod 600');
        }
    }

    public function testADirectoryThatOthersCanWriteIsRefused(): void
    {
        Identity::create("$this->folder/key");
        chmod($this->folder, 0777);
        $this->refused(fn () => Identity::fromFile("$this->folder/key"), 'Other users can write');
        $this->refused(fn () => Identity::create("$this->folder/other"), 'Other users can write');
    }

    public function testLinksPipesAndOtherLengthsAreRefused(): void
    {
        Identity::create("$this->folder/key");
        symlink("$this->folder/key", "$this->folder/link");
        $this->refused(fn () => Identity::fromFile("$this->folder/link"), 'regular file');
        $this->refused(fn () => Identity::fromFile($this->folder), 'regular file');
        $this->refused(fn () => Identity::fromFile("$this->folder/none"), 'no key file');
        foreach ([0, 31, 33, 64] as $length) {
            file_put_contents("$this->folder/length", str_repeat('x', $length));
            chmod("$this->folder/length", 0600);
            $this->refused(fn () => Identity::fromFile("$this->folder/length"), "has $length bytes");
        }
    }

    public function testASeedHas32Bytes(): void
    {
        $this->refused(fn () => Identity::fromSeed('short'), '32 bytes');
        // The keyid of the first test vector of docs/formats.md.
        self::assertSame(
            'ed25519:8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c',
            Identity::fromSeed(str_repeat("\x01", 32))->keyId,
        );
    }

    public function testNoDumpShowsTheKeyAndNothingSerializesIt(): void
    {
        $identity = Identity::fromSeed('abcdefghijklmnopqrstuvwxyz012345');
        self::assertStringNotContainsString('abcdefgh', print_r($identity, true));
        $this->expectException(\LogicException::class);
        serialize($identity);
    }

    private function refused(callable $act, string $why): void
    {
        try {
            $act();
            self::fail("it was not refused: $why");
        } catch (IdentityException $thrown) {
            self::assertSame('identity', $thrown->problem);
            self::assertStringContainsString($why, $thrown->getMessage());
        }
    }
}
