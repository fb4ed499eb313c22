-- Functions that CQL2 filters call (gisland/publish/cql2). Idempotent. None of them raises an error, whatever it is given:
-- what has no result is NULL. They run with the rights and the search path of their caller, so that they are inlined.
CREATE SCHEMA IF NOT EXISTS cql2;
COMMENT ON SCHEMA cql2 IS 'functions of filters on layers';
GRANT USAGE ON SCHEMA cql2 TO gisland_app, gisland_staff, gisland_public;

-- CASEI: full case folding of Unicode, what str.casefold() of Python gives. ICU makes small letters; a few letters fold
-- to others yet: ß to ss, ς to σ. The list is made and proven by tests/publish/cql2/test_text_functions.py.
CREATE OR REPLACE FUNCTION cql2.fold_rest(small text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT string_agg(coalesce('{"µ": "μ", "ß": "ss", "ŉ": "ʼn", "ſ": "s", "ǰ": "ǰ", "ͅ": "ι", "ΐ": "ΐ", "ΰ": "ΰ", "ς": "σ", "ϐ": "β", "ϑ": "θ",
        "ϕ": "φ", "ϖ": "π", "ϰ": "κ", "ϱ": "ρ", "ϵ": "ε", "և": "եւ", "ᏸ": "Ᏸ", "ᏹ": "Ᏹ", "ᏺ": "Ᏺ", "ᏻ": "Ᏻ", "ᏼ": "Ᏼ",
        "ᏽ": "Ᏽ", "ᲀ": "в", "ᲁ": "д", "ᲂ": "о", "ᲃ": "с", "ᲄ": "т", "ᲅ": "т", "ᲆ": "ъ", "ᲇ": "ѣ", "ᲈ": "ꙋ", "ẖ": "ẖ",
        "ẗ": "ẗ", "ẘ": "ẘ", "ẙ": "ẙ", "ẚ": "aʾ", "ẛ": "ṡ", "ὐ": "ὐ", "ὒ": "ὒ", "ὔ": "ὔ", "ὖ": "ὖ", "ᾀ": "ἀι", "ᾁ": "ἁι",
        "ᾂ": "ἂι", "ᾃ": "ἃι", "ᾄ": "ἄι", "ᾅ": "ἅι", "ᾆ": "ἆι", "ᾇ": "ἇι", "ᾐ": "ἠι", "ᾑ": "ἡι", "ᾒ": "ἢι", "ᾓ": "ἣι", "ᾔ": "ἤι",
        "ᾕ": "ἥι", "ᾖ": "ἦι", "ᾗ": "ἧι", "ᾠ": "ὠι", "ᾡ": "ὡι", "ᾢ": "ὢι", "ᾣ": "ὣι", "ᾤ": "ὤι", "ᾥ": "ὥι", "ᾦ": "ὦι", "ᾧ": "ὧι",
        "ᾲ": "ὰι", "ᾳ": "αι", "ᾴ": "άι", "ᾶ": "ᾶ", "ᾷ": "ᾶι", "ι": "ι", "ῂ": "ὴι", "ῃ": "ηι", "ῄ": "ήι", "ῆ": "ῆ", "ῇ": "ῆι",
        "ῒ": "ῒ", "ΐ": "ΐ", "ῖ": "ῖ", "ῗ": "ῗ", "ῢ": "ῢ", "ΰ": "ΰ", "ῤ": "ῤ", "ῦ": "ῦ", "ῧ": "ῧ", "ῲ": "ὼι", "ῳ": "ωι",
        "ῴ": "ώι", "ῶ": "ῶ", "ῷ": "ῶι", "ꭰ": "Ꭰ", "ꭱ": "Ꭱ", "ꭲ": "Ꭲ", "ꭳ": "Ꭳ", "ꭴ": "Ꭴ", "ꭵ": "Ꭵ", "ꭶ": "Ꭶ", "ꭷ": "Ꭷ",
        "ꭸ": "Ꭸ", "ꭹ": "Ꭹ", "ꭺ": "Ꭺ", "ꭻ": "Ꭻ", "ꭼ": "Ꭼ", "ꭽ": "Ꭽ", "ꭾ": "Ꭾ", "ꭿ": "Ꭿ", "ꮀ": "Ꮀ", "ꮁ": "Ꮁ", "ꮂ": "Ꮂ",
        "ꮃ": "Ꮃ", "ꮄ": "Ꮄ", "ꮅ": "Ꮅ", "ꮆ": "Ꮆ", "ꮇ": "Ꮇ", "ꮈ": "Ꮈ", "ꮉ": "Ꮉ", "ꮊ": "Ꮊ", "ꮋ": "Ꮋ", "ꮌ": "Ꮌ", "ꮍ": "Ꮍ",
        "ꮎ": "Ꮎ", "ꮏ": "Ꮏ", "ꮐ": "Ꮐ", "ꮑ": "Ꮑ", "ꮒ": "Ꮒ", "ꮓ": "Ꮓ", "ꮔ": "Ꮔ", "ꮕ": "Ꮕ", "ꮖ": "Ꮖ", "ꮗ": "Ꮗ", "ꮘ": "Ꮘ",
        "ꮙ": "Ꮙ", "ꮚ": "Ꮚ", "ꮛ": "Ꮛ", "ꮜ": "Ꮜ", "ꮝ": "Ꮝ", "ꮞ": "Ꮞ", "ꮟ": "Ꮟ", "ꮠ": "Ꮠ", "ꮡ": "Ꮡ", "ꮢ": "Ꮢ", "ꮣ": "Ꮣ",
        "ꮤ": "Ꮤ", "ꮥ": "Ꮥ", "ꮦ": "Ꮦ", "ꮧ": "Ꮧ", "ꮨ": "Ꮨ", "ꮩ": "Ꮩ", "ꮪ": "Ꮪ", "ꮫ": "Ꮫ", "ꮬ": "Ꮬ", "ꮭ": "Ꮭ", "ꮮ": "Ꮮ",
        "ꮯ": "Ꮯ", "ꮰ": "Ꮰ", "ꮱ": "Ꮱ", "ꮲ": "Ꮲ", "ꮳ": "Ꮳ", "ꮴ": "Ꮴ", "ꮵ": "Ꮵ", "ꮶ": "Ꮶ", "ꮷ": "Ꮷ", "ꮸ": "Ꮸ", "ꮹ": "Ꮹ",
        "ꮺ": "Ꮺ", "ꮻ": "Ꮻ", "ꮼ": "Ꮼ", "ꮽ": "Ꮽ", "ꮾ": "Ꮾ", "ꮿ": "Ꮿ", "ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl",
        "ﬅ": "st", "ﬆ": "st", "ﬓ": "մն", "ﬔ": "մե", "ﬕ": "մի", "ﬖ": "վն", "ﬗ": "մխ"}'::jsonb ->> letter, letter), '' ORDER BY place)
      FROM regexp_split_to_table(small, '') WITH ORDINALITY letters(letter, place)
$$;
-- Most texts are ASCII, and nearly all others have none of those letters.
CREATE OR REPLACE FUNCTION cql2.casei(value text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN octet_length(value) = char_length(value) THEN lower(value COLLATE "C")
                WHEN lower(value COLLATE "und-x-icu") !~ '[\u00b5\u00df\u0149\u017f\u01f0\u0345\u0390\u03b0\u03c2\u03d0\u03d1\u03d5\u03d6\u03f0\u03f1\u03f5\u0587\u13f8-\u13fd\u1c80-\u1c88\u1e96-\u1e9b\u1f50\u1f52\u1f54\u1f56\u1f80-\u1f87\u1f90-\u1f97\u1fa0-\u1fa7\u1fb2-\u1fb4\u1fb6\u1fb7\u1fbe\u1fc2-\u1fc4\u1fc6\u1fc7\u1fd2\u1fd3\u1fd6\u1fd7\u1fe2-\u1fe4\u1fe6\u1fe7\u1ff2-\u1ff4\u1ff6\u1ff7\uab70-\uabbf\ufb00-\ufb06\ufb13-\ufb17]'
                THEN lower(value COLLATE "und-x-icu") COLLATE "C"
                ELSE cql2.fold_rest(lower(value COLLATE "und-x-icu")) COLLATE "C" END
$$;

-- ACCENTI: without accents, as gisland.kit.text.without_accents: đ as d, and no sign of the blocks of combining marks.
-- What makes other letters in other scripts (dakuten, vowel signs) stays.
CREATE OR REPLACE FUNCTION cql2.accenti(value text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN octet_length(value) = char_length(value) THEN value
                ELSE normalize(regexp_replace(normalize(translate(value, 'ĐđÐðØøŁłĦħŦŧ', 'DdDdOoLlHhTt'), NFD),
                                    '[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+', '', 'g'), NFC) END
$$;

-- Arithmetic: exact, and bounded so that no chain of it grows: numbers below 1e60 (NaN is above all), 60 decimals.
CREATE OR REPLACE FUNCTION cql2.plus(a numeric, b numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN abs(a) < 1e60 AND abs(b) < 1e60 THEN a + b END
$$;
CREATE OR REPLACE FUNCTION cql2.minus(a numeric, b numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN abs(a) < 1e60 AND abs(b) < 1e60 THEN a - b END
$$;
CREATE OR REPLACE FUNCTION cql2.times(a numeric, b numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN abs(a) < 1e60 AND abs(b) < 1e60 THEN round(a * b, 60) END
$$;
CREATE OR REPLACE FUNCTION cql2.divided(a numeric, b numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN b <> 0 AND abs(a) < 1e60 AND abs(b) < 1e60 THEN round(a / b, 60) END
$$;
-- The whole part of the quotient, towards zero; the remainder has the sign of the dividend.
CREATE OR REPLACE FUNCTION cql2.quotient(a numeric, b numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN b <> 0 AND abs(a) < 1e60 AND abs(b) < 1e60 THEN div(a, b) END
$$;
CREATE OR REPLACE FUNCTION cql2.remainder(a numeric, b numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN b <> 0 AND abs(a) < 1e60 AND abs(b) < 1e60 THEN mod(a, b) END
$$;
CREATE OR REPLACE FUNCTION cql2.power(a numeric, b numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN NOT (abs(a) < 1e60 AND abs(b) < 1e6) THEN NULL
                WHEN a = 0 THEN CASE WHEN b > 0 THEN 0 WHEN b = 0 THEN 1 END
                WHEN abs(a) < 1e-60 THEN NULL
                -- Of a negative number only whole powers are real. Beyond 1e60 and below 1e-60 there is no result.
                WHEN (a > 0 OR b = trunc(b)) AND abs(b::float8 * ln(abs(a)::float8)) < 138
                THEN round(pg_catalog.power(a, b), 60) END
$$;

-- Sets are arrays of JSON values, which are equal when what they stand for is.
-- The parts of a text between separators; without a separator the whole is one.
CREATE OR REPLACE FUNCTION cql2.split(value text, separator text) RETURNS jsonb[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT coalesce(array_agg(to_jsonb(element)), '{}') FROM unnest(string_to_array(value, separator)) element
$$;
-- A set as an element of another one: without an order and doubles; NULL when one of its elements is not known.
CREATE OR REPLACE FUNCTION cql2.as_element(elements jsonb[]) RETURNS jsonb
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT CASE WHEN array_position(elements, NULL) IS NULL
                THEN coalesce((SELECT jsonb_agg(DISTINCT element ORDER BY element) FROM unnest(elements) element), '[]') END
$$;

-- What lies within so many metres of a geometry in longitude and latitude. NULL for more than 100 km, and for what is
-- larger than five degrees or lies near a pole: no plane fits it.
CREATE OR REPLACE FUNCTION cql2.buffer(geom public.geometry, metres numeric) RETURNS public.geometry
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN abs(metres) <= 100000 AND ST_XMax(geom) - ST_XMin(geom) <= 5 AND ST_YMax(geom) - ST_YMin(geom) <= 5
                 AND ST_YMin(geom) >= -80 AND ST_YMax(geom) <= 80 AND ST_XMin(geom) >= -175 AND ST_XMax(geom) <= 175
                THEN ST_Buffer(geom::geography, metres::float8)::geometry END
$$;
