<?php

declare(strict_types=1);

namespace Plasmd\Tests\Http;

use PHPUnit\Framework\TestCase;
use Plasmd\Exception\MalformedException;
use Plasmd\Http\Origin;
use Plasmd\Http\Scope;

final class AddressesTest extends TestCase
{
    public function testAnOriginIsASchemeAHostAndAPort(): void
    {
        foreach (['http://192.0.2.1:8080', 'https://worker.example', 'http://[2001:db8::1]:80'] as $good) {
            self::assertSame($good, Origin::parse($good));
            self::assertSame($good, Origin::parse("$good/"));
        }
        $bad = [
            '', 'worker:8080', 'ftp://x', 'file:///etc/passwd', 'http://', 'http://a b', 'http://x/path', 'http://x?y',
            'http://user@x', 'http://user:word@x', 'http://x#y', "http://x\n", "http://x\r\nHost: y", 'http://-x', 'http://x:port',
        ];
        foreach ($bad as $text) {
            try {
                Origin::parse($text);
                self::fail("it was taken: $text");
            } catch (MalformedException $thrown) {
                self::assertSame('malformed', $thrown->problem);
            }
        }
    }

    public function testStrangersNameAddressesOnly(): void
    {
        self::assertSame('192.0.2.1', Origin::addressOf('http://192.0.2.1:8080'));
        self::assertSame('2001:db8::1', Origin::addressOf('http://[2001:db8::1]:8080'));
        $bad = [
            'http://worker.example:8080', 'https://192.0.2.1:8080', 'http://192.0.2.1', 'http://192.0.2.256:80', 'http://1.2.3:80',
            'http://0x7f.0.0.1:80', 'http://192.0.2.1:0', 'http://192.0.2.1:65536', 'http://192.0.2.1:80/', 'http://[::1%lo]:80',
        ];
        foreach ($bad as $text) {
            self::assertNull(Origin::addressOf($text), $text);
        }
    }

    public function testAStrangerNamesNothingThatOnlyWeCanReach(): void
    {
        $machine = ['127.0.0.1', '127.9.9.9', '0.0.0.0', '::1', '::', '::ffff:127.0.0.1', '224.0.0.1', 'ff02::1', '255.255.255.255', ''];
        $site = ['10.1.2.3', '172.16.0.1', '172.31.9.9', '192.168.1.1', '169.254.169.254', '100.64.0.1', 'fd00::1', 'fe80::1', '::ffff:10.0.0.1'];
        $world = ['192.0.2.1', '8.8.8.8', '172.32.0.1', '100.128.0.1', '2001:db8::1', '::ffff:8.8.8.8'];
        foreach ([[$machine, Scope::Machine], [$site, Scope::Site], [$world, Scope::World]] as [$addresses, $scope]) {
            foreach ($addresses as $address) {
                self::assertSame($scope, Scope::of($address), $address);
            }
        }
        self::assertTrue(Scope::Machine->mayName(Scope::World));
        self::assertTrue(Scope::Site->mayName(Scope::Site));
        self::assertFalse(Scope::Site->mayName(Scope::Machine));
        self::assertFalse(Scope::World->mayName(Scope::Site));
    }
}
