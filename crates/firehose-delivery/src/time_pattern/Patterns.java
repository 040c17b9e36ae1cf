// Writes `patterns.tsv`: what OpenJDK's DateTimeFormatter prints for each pattern, in the locale
// of the United States. Run: java Patterns.java > patterns.tsv
import java.time.*;
import java.time.format.DateTimeFormatter;
import java.util.*;

class Patterns {
    static final String[] INSTANTS = {
        "2022-01-08T06:04:19.123456789Z", "2018-08-27T10:30:00Z", "2021-12-31T23:59:59.999Z",
        "2022-01-01T00:00:00Z", "2024-02-29T12:00:00.000000001Z", "2020-12-27T13:45:06Z",
        "2023-10-29T01:30:00Z", "2023-03-26T01:00:00Z", "1969-07-20T20:17:40Z", "2016-12-25T15:00:00.5Z",
    };
    static final String[] ZONES = {
        "UTC", "Europe/Lisbon", "America/New_York", "Asia/Kolkata", "Australia/Sydney", "Asia/Kathmandu",
    };
    static final String[] MORE = {
        "yyyy/MM/dd/HH", "'year='yyyy'/month='MM", "yyyy-MM-dd'T'HH:mm:ss.SSSXXX", "''", "'it''s'", "'a''''b'",
        "[yyyy]", "[[yyyy]MM]", "yyyy]", "[yyyy", "'open", "{", "}", "#", "ppppH", "pppMMM", "pp", "p-", "ppd/ppM",
        "EEE, d MMM yyyy", "hh:mm a", "kk/KK", "YYYY-'W'ww-e", "u-D", "uuuu-DDD", "yy/yyy/yyyyy", "é!@%&*()_+=~,.<>?;:\"|\\",
        "QQQ yyyy", "QQQQ", "w/W/F", "A n N", "SSSSSSSSS", "", " ", "y'y'y", "HHmmss", "VV", "x/xx/xxx", "Z/ZZZZ/ZZZZZ",
    };

    public static void main(String[] arguments) {
        List<String> patterns = new ArrayList<>(Arrays.asList(MORE));
        for (char letter = 'A'; letter <= 'z'; letter++) {
            // These came after Java 8 (B, g, v), stand for names that are not in the zone data (z
            // four times, and z outside of a few zones), or are the pad letter.
            if (!Character.isLetter(letter) || "Bgvpz".indexOf(letter) >= 0) continue;
            for (int count = 1; count <= 20; count += count < 7 ? 1 : 13) {
                patterns.add(String.valueOf(letter).repeat(count));
            }
        }
        int turn = 0;
        for (String pattern : patterns) {
            DateTimeFormatter formatter;
            try {
                formatter = DateTimeFormatter.ofPattern(pattern, Locale.US);
            } catch (IllegalArgumentException refused) {
                System.out.println(pattern + "\trefused");
                continue;
            }
            for (String instant : INSTANTS) {
                String zone = ZONES[turn++ % ZONES.length];
                String printed = formatter.format(Instant.parse(instant).atZone(ZoneId.of(zone)));
                System.out.println(pattern + "\t" + instant + "\t" + zone + "\t" + printed);
            }
        }
    }
}
