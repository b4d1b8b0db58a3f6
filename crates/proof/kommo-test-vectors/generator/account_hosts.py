"""Family account-host: what names an account's host and what does not."""

from .folders import add_case, context_of

TABLE = "computed; table of accepted and refused inputs made for this workspace"
RULE = "computed; shows one rule"


def accept(name, text, host, rules, source=RULE):
    add_case("account-host", name, context_of(source, "computed", rules), {"input.txt": text, "host.txt": host})


def refuse(name, text, rules, reason, source=RULE):
    add_case("account-host", name, context_of(source, "computed", rules, reason), {"input.txt": text})


def collect():
    the_table()
    around_the_host()
    the_label()
    the_suffix()
    the_platforms_own()


def the_table():
    accept("kommo", "myshop.kommo.com", "myshop.kommo.com", "A1", TABLE)
    accept("mixed-case", "MyShop.Kommo.com", "myshop.kommo.com", "A2", TABLE)
    accept("https-and-slash", "https://myshop.kommo.com/", "myshop.kommo.com", "A2", TABLE)
    accept("one-letter-amocrm-ru", "a.amocrm.ru", "a.amocrm.ru", "A1 A3", TABLE)
    accept("inner-hyphen-amocrm-com", "a-1.amocrm.com", "a-1.amocrm.com", "A1 A3", TABLE)
    for name, text, rules, reason in [
        ("no-label", "kommo.com", "A1", "There is no label before the suffix."),
        ("www", "www.kommo.com", "A4", "www is the platform's own."),
        ("amojo", "amojo.kommo.com", "A4", "amojo is the platform's own."),
        ("empty-label", ".kommo.com", "A1 A3", "The label is empty."),
        ("suffix-inside", "kommo.com.evil.example", "A1", "The suffix stands in the middle."),
        ("suffix-without-dot", "evilkommo.com", "A1", "No dot stands before the suffix."),
        ("suffix-after-hyphen", "myshop-kommo.com", "A1", "A hyphen stands before the suffix instead of a dot."),
        ("userinfo", "myshop.kommo.com@evil.example", "A2", "The host stands where a user name would, before an at sign."),
        ("host-in-path", "evil.example/.kommo.com", "A2", "The suffix is part of a path."),
        ("host-in-fragment", "evil.example#.kommo.com", "A2", "The suffix is part of a fragment."),
        ("port-8443", "myshop.kommo.com:8443", "A2", "The port is not 443."),
        ("http", "http://myshop.kommo.com", "A2", "The scheme is http."),
        ("trailing-dot", "myshop.kommo.com.", "A2", "A dot follows the host."),
        ("two-labels", "a.b.kommo.com", "A1", "Two labels stand before the suffix."),
        ("leading-hyphen", "-a.kommo.com", "A3", "The label begins with a hyphen."),
        ("trailing-hyphen", "a-.kommo.com", "A3", "The label ends with a hyphen."),
        ("punycode", "xn--80ak6aa92e.kommo.com", "A3", "The label is punycode."),
        ("ipv4-loopback", "127.0.0.1", "A1", "It is an IP address."),
        ("ipv6-loopback", "[::1]", "A1", "It is an IP address."),
        ("ipv4-link-local", "169.254.169.254", "A1", "It is an IP address."),
        ("escaped-crlf", "myshop.kommo.com%0d%0aX:1", "A2", "A percent sign stands in it."),
    ]:
        refuse(name, text, rules, reason, TABLE)


def around_the_host():
    accept("https", "https://myshop.kommo.com", "myshop.kommo.com", "A2")
    accept("slash", "myshop.kommo.com/", "myshop.kommo.com", "A2")
    accept("port-443", "myshop.kommo.com:443", "myshop.kommo.com", "A2")
    accept("https-port-443-slash", "https://myshop.amocrm.ru:443/", "myshop.amocrm.ru", "A2")
    accept("upper-case", "MYSHOP.AMOCRM.COM", "myshop.amocrm.com", "A2")
    for name, text, reason in [
        ("empty", "", "It is empty."),
        ("256-bytes", "a" * 246 + ".kommo.com", "It has 256 bytes."),
        ("https-alone", "https://", "Nothing follows the scheme."),
        ("slash-alone", "/", "There is no host."),
        ("https-twice", "https://https://myshop.kommo.com", "The scheme stands twice."),
        ("double-slash", "myshop.kommo.com//", "Two slashes follow the host."),
        ("leading-double-slash", "//myshop.kommo.com", "Slashes stand before the host without a scheme."),
        ("path", "myshop.kommo.com/leads", "A path follows the host."),
        ("https-path", "https://myshop.kommo.com/oauth2", "A path follows the host."),
        ("other-scheme", "ftp://myshop.kommo.com", "The scheme is not https."),
        ("https-one-slash", "https:/myshop.kommo.com", "The scheme lacks a slash."),
        ("port-80", "myshop.kommo.com:80", "The port is not 443."),
        ("port-4430", "myshop.kommo.com:4430", "The port is not 443."),
        ("port-443-twice", "myshop.kommo.com:443:443", "The port stands twice."),
        ("query", "myshop.kommo.com?a=1", "A query follows the host."),
        ("fragment", "myshop.kommo.com#a", "A fragment follows the host."),
        ("percent", "my%73hop.kommo.com", "A percent sign stands in it."),
        ("percent-null", "evil.example%00.kommo.com", "A percent sign stands in it."),
        ("at-sign", "evil@myshop.kommo.com", "An at sign stands in it."),
        ("userinfo-with-password", "https://a:b@myshop.kommo.com", "An at sign stands in it."),
        ("backslash", "evil.example\\.kommo.com", "A backslash stands in it."),
        ("leading-space", " myshop.kommo.com", "A space stands before it."),
        ("trailing-space", "myshop.kommo.com ", "A space stands after it."),
        ("tab", "myshop\t.kommo.com", "A tab stands in it."),
        ("line-feed", "myshop.kommo.com\n", "A line feed stands after it."),
        ("carriage-return", "myshop.kommo.com\rX: 1", "A carriage return stands in it."),
        ("null-byte", "evil.example\0.kommo.com", "A zero byte stands in it."),
        ("delete-character", "myshop\x7f.kommo.com", "A control character stands in it."),
        ("two-trailing-dots", "myshop.kommo.com..", "Dots follow the host."),
        ("trailing-dot-and-slash", "https://myshop.kommo.com./", "A dot follows the host."),
    ]:
        refuse(name, text, "A2", reason)


def the_label():
    accept("label-of-63", "a" * 63 + ".kommo.com", "a" * 63 + ".kommo.com", "A3")
    accept("digits-alone", "12345.kommo.com", "12345.kommo.com", "A3")
    accept("one-digit", "7.amocrm.ru", "7.amocrm.ru", "A3")
    accept("two-inner-hyphens", "my--shop.kommo.com", "my--shop.kommo.com", "A3")
    accept("xn-without-hyphens", "xnshop.kommo.com", "xnshop.kommo.com", "A3")
    for name, text, reason in [
        ("label-of-64", "a" * 64 + ".kommo.com", "The label has 64 bytes."),
        ("underscore", "my_shop.kommo.com", "An underscore stands in the label."),
        ("hyphen-alone", "-.kommo.com", "The label is a hyphen."),
        ("upper-case-punycode", "XN--80ak6aa92e.kommo.com", "The label is punycode."),
        ("two-dots", "myshop..kommo.com", "Two dots follow each other."),
        ("asterisk", "*.kommo.com", "An asterisk stands in the label."),
        ("non-ascii-letter", "мойshop.kommo.com", "Letters outside ASCII stand in the label."),
        ("accented-letter", "m\u00fdshop.kommo.com", "A letter outside ASCII stands in the label."),
        ("fullwidth-dot", "myshop\u3002kommo.com", "A dot outside ASCII stands in it."),
        ("zero-width-space", "my\u200bshop.kommo.com", "A character outside ASCII stands in the label."),
    ]:
        refuse(name, text, "A3", reason)


def the_suffix():
    for name, text, reason in [
        ("kelvin-sign", "myshop.\u212aommo.com", "The first letter of the suffix is the Kelvin sign, whose lower case is k."),
        ("kommo-ru", "myshop.kommo.ru", "The suffix is not one of the three."),
        ("amocrm-com-ua", "myshop.amocrm.com.ua", "The suffix is not one of the three."),
        ("other-domain", "myshop.example.com", "The suffix is not one of the three."),
        ("label-alone", "myshop", "There is no suffix."),
        ("suffix-alone-with-https", "https://amocrm.ru/", "There is no label before the suffix."),
        ("suffix-twice", "myshop.kommo.com.kommo.com", "More than one label stands before the suffix."),
        ("ipv4-as-number", "2130706433", "It is an IP address, written as one number."),
        ("ipv4-hexadecimal", "0x7f.0.0.1", "It is an IP address, in hexadecimal."),
        ("ipv4-with-port", "127.0.0.1:443", "It is an IP address."),
        ("ipv6-mapped", "[::ffff:127.0.0.1]", "It is an IP address."),
        ("localhost", "localhost", "There is no suffix."),
    ]:
        refuse(name, text, "A1", reason)


def the_platforms_own():
    accept("like-a-server", "shard151.amocrm.ru", "shard151.amocrm.ru", "A4",
           "computed; such an account host stands in amocrm/amocrm-oauth-client issue 5")
    accept("api-two-letters", "api-cc.kommo.com", "api-cc.kommo.com", "A4")
    accept("api-digit", "api-1.kommo.com", "api-1.kommo.com", "A4")
    accept("api-alone", "api.kommo.com", "api.kommo.com", "A4")
    accept("drive-two-letters", "drive-ab.amocrm.ru", "drive-ab.amocrm.ru", "A4")
    accept("www-prefix", "www2.kommo.com", "www2.kommo.com", "A4")
    accept("amojo-prefix", "amojoshop.kommo.com", "amojoshop.kommo.com", "A4")
    for name, text, label in [
        ("api-host", "api-c.kommo.com", "api-"),
        ("api-host-amocrm-ru", "api-a.amocrm.ru", "api-"),
        ("api-host-upper-case", "API-B.Amocrm.ru", "api-"),
        ("drive-host", "drive-a.kommo.com", "drive-"),
        ("www-upper-case", "WWW.kommo.com", "www"),
        ("www-amocrm-ru", "www.amocrm.ru", "www"),
        ("amojo-amocrm-ru", "https://amojo.amocrm.ru/", "amojo"),
        ("amojo-amocrm-com", "amojo.amocrm.com", "amojo"),
    ]:
        with_letter = " with one letter" if label.endswith("-") else ""
        refuse(name, text, "A4", f"{label}{with_letter} is the platform's own.")
