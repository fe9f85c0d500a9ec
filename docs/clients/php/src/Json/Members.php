<?php

declare(strict_types=1);

namespace Plasmd\Json;

use Plasmd\Exception\MalformedException;
use Plasmd\Limits;
use Plasmd\Printable;

/** The members of one object of a signed document; what is wrong is refused with its name. */
final class Members
{
    /** @param string $at what goes before names, like "limits." */
    public function __construct(
        private readonly \stdClass $object,
        private readonly string $what,
        private readonly string $at = '',
    ) {
    }

    /** Refuses any member that isn't named: who checks must mean the same as who signs. */
    public function only(string ...$names): void
    {
        foreach (array_keys(get_mangled_object_vars($this->object)) as $name) {
            if (!in_array((string) $name, $names, true)) {
                $this->refuse((string) $name, 'is not known');
            }
        }
    }

    public function text(string $name): string
    {
        $value = $this->value($name);
        return is_string($value) ? $value : $this->refuse($name, 'must be text');
    }

    public function flag(string $name): bool
    {
        $value = $this->value($name);
        return is_bool($value) ? $value : $this->refuse($name, 'must be true or false');
    }

    public function whole(string $name, int $min, int $max): int
    {
        $value = $this->value($name);
        if (is_int($value) && $value >= $min && $value <= $max) {
            return $value;
        }
        $this->refuse($name, "must be a whole number from $min to $max");
    }

    public function match(string $name, string $pattern, string $form): string
    {
        $value = $this->text($name);
        return preg_match($pattern, $value) === 1 ? $value : $this->refuse($name, "must be $form");
    }

    /** A digest: "sha256:" and 64 lower-case hex digits. */
    public function digest(string $name): string
    {
        return $this->match($name, '/^sha256:[0-9a-f]{64}$/D', '"sha256:" and 64 lower-case hex digits');
    }

    /** A keyid: "ed25519:" and 64 lower-case hex digits. */
    public function keyId(string $name): string
    {
        return $this->match($name, '/^ed25519:[0-9a-f]{64}$/D', '"ed25519:" and 64 lower-case hex digits');
    }

    /** A time in the one spelling, as seconds since 1970. */
    public function time(string $name): int
    {
        return Time::parse($this->text($name)) ?? $this->refuse($name, 'must be a time like "2025-11-26T12:00:00Z"');
    }

    /** Base64 in its one spelling, of so many bytes; returns the bytes. */
    public function base64(string $name, int $length): string
    {
        $text = $this->text($name);
        $bytes = base64_decode($text, true);
        if ($bytes === false || strlen($bytes) !== $length || base64_encode($bytes) !== $text) {
            $this->refuse($name, "must be canonical base64 of $length bytes");
        }
        return $bytes;
    }

    /** Readers of a member that is an object. */
    public function inside(string $name): self
    {
        return new self($this->objectAt($name), $this->what, "$this->at$name.");
    }

    /** @return array<array-key, mixed> the members of a member that is an object, by name */
    public function map(string $name): array
    {
        $map = get_mangled_object_vars($this->objectAt($name));
        return count($map) <= Limits::SPEC_ENTRIES ? $map : $this->tooMany($name);
    }

    /** @return list<mixed> */
    public function list(string $name): array
    {
        $list = $this->value($name);
        if (!is_array($list)) {
            $this->refuse($name, 'must be a list');
        }
        return count($list) <= Limits::SPEC_ENTRIES ? $list : $this->tooMany($name);
    }

    /** The member, whatever it is. */
    public function value(string $name): mixed
    {
        if (!property_exists($this->object, $name)) {
            $this->refuse($name, 'is missing');
        }
        return $this->object->{$name};
    }

    public function refuse(string $name, string $why): never
    {
        $shown = Printable::of($this->at . $name);
        throw new MalformedException("Cannot accept the $this->what: \"$shown\" $why");
    }

    private function objectAt(string $name): \stdClass
    {
        $value = $this->value($name);
        return $value instanceof \stdClass ? $value : $this->refuse($name, 'must be an object');
    }

    private function tooMany(string $name): never
    {
        $this->refuse($name, 'has too many entries, limit is ' . Limits::SPEC_ENTRIES);
    }
}
