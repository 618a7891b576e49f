"""Splitting: a table of cases per language, and what holds for every text."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback_nlp.language.splitting import MOST_WORDS, split_statements

# "text => statement | statement", one case a string
CASES = {
    "en": [
        "The staff was kind, but the delivery took three weeks. => The staff was kind | the delivery took three weeks.",
        "Great price. Slow delivery. The app crashes every day!"
        " => Great price. | Slow delivery. | The app crashes every day!",
        "Although the room was clean, the breakfast was really poor."
        " => Although the room was clean | the breakfast was really poor.",
        "Not only was the driver late but he also lost my parcel."
        " => Not only was the driver late but he also lost my parcel.",
        "Nothing but trouble with this router since the first day."
        " => Nothing but trouble with this router since the first day.",
        "Hi there. My internet has been down since Monday. Thanks!"
        " => Hi there. My internet has been down since Monday. Thanks!",
        "- price\n- waiting time on the phone\n- staff training => price | waiting time on the phone | staff training",
        "1. lower the prices 2. answer the phone 3. fix the app => lower the prices | answer the phone | fix the app",
        "Dr. Smith and Mr. Jones from St. James Rd. No. 5 were helpful."
        " => Dr. Smith and Mr. Jones from St. James Rd. No. 5 were helpful.",
        "I pay 3.50 a month e.g. for calls. See www.example.com/help. It was clear."
        " => I pay 3.50 a month e.g. for calls. | See www.example.com/help. | It was clear.",
        "Wrote to <EMAIL_1>. Nobody answered my three messages!"
        " => Wrote to <EMAIL_1>. | Nobody answered my three messages!",
        "good service.Very quick reply!Will buy here again => good service. | Very quick reply! | Will buy here again",
        "Easy to use, cheap and fast => Easy to use, cheap and fast",
        "The website is easy to use however the checkout fails on my phone"
        " => The website is easy to use | the checkout fails on my phone",
        "Really?! I waited two hours... and then they hung up on me."
        " => Really?! I waited two hours... | and then they hung up on me.",
        "😡😡 The courier never came 😡 => 😡😡 The courier never came 😡",
        "Good but slow => Good but slow",
    ],
    "ro": [
        "Personalul a fost amabil, dar livrarea a durat trei săptămâni."
        " => Personalul a fost amabil | livrarea a durat trei săptămâni.",
        "produsul e ok dar bateria tine foarte putin => produsul e ok | bateria tine foarte putin",
        "Preț bun. Livrare lentă. Aplicația se blochează zilnic!"
        " => Preț bun. | Livrare lentă. | Aplicația se blochează zilnic!",
        "Deși camera era curată, micul dejun a fost foarte slab."
        " => Deși camera era curată | micul dejun a fost foarte slab.",
        "Nu doar că au întârziat, dar au și pierdut coletul meu."
        " => Nu doar că au întârziat, dar au și pierdut coletul meu.",
        "Bună ziua. Internetul nu merge de luni. Mulțumesc! => Bună ziua. Internetul nu merge de luni. Mulțumesc!",
        "- prețul\n- timpul de așteptare la telefon\n- instruirea angajaților"
        " => prețul | timpul de așteptare la telefon | instruirea angajaților",
        "1. prețuri mai mici 2. răspundeți la telefon 3. reparați aplicația"
        " => prețuri mai mici | răspundeți la telefon | reparați aplicația",
        "Dl. Popescu de pe str. Lungă nr. 5 a fost foarte amabil."
        " => Dl. Popescu de pe str. Lungă nr. 5 a fost foarte amabil.",
        "Am plătit 3,50 lei pe lună, însă factura arată 35 de lei."
        " => Am plătit 3,50 lei pe lună | factura arată 35 de lei.",
        "Am scris la <EMAIL_1>. Nimeni nu a răspuns la mesaje!"
        " => Am scris la <EMAIL_1>. | Nimeni nu a răspuns la mesaje!",
        "foarte bun.Recomand tuturor prietenilor mei!Revin sigur aici"
        " => foarte bun.Recomand tuturor prietenilor mei! | Revin sigur aici",
        "Curierul a venit la timp, iar produsul arată exact ca în poze."
        " => Curierul a venit la timp | produsul arată exact ca în poze.",
        "Produsul arată bine, insa se descarca in doua ore. => Produsul arată bine | se descarca in doua ore.",
        "Chiar dacă e scump, merită fiecare leu plătit. => Chiar dacă e scump | merită fiecare leu plătit.",
    ],
    "ru": [
        "Персонал вежливый, но доставка заняла три недели. => Персонал вежливый | доставка заняла три недели.",
        "Цена хорошая. Доставка медленная. Приложение постоянно вылетает!"
        " => Цена хорошая. | Доставка медленная. | Приложение постоянно вылетает!",
        "Хотя номер был чистый, завтрак оказался очень слабым."
        " => Хотя номер был чистый | завтрак оказался очень слабым.",
        "Не только опоздали на два часа, но и потеряли мою посылку."
        " => Не только опоздали на два часа, но и потеряли мою посылку.",
        "Здравствуйте. Интернет не работает с понедельника. Спасибо!"
        " => Здравствуйте. Интернет не работает с понедельника. Спасибо!",
        "- цены\n- время ожидания на линии\n- обучение сотрудников"
        " => цены | время ожидания на линии | обучение сотрудников",
        "1. снизить цены 2. отвечать на звонки 3. починить приложение"
        " => снизить цены | отвечать на звонки | починить приложение",
        "Офис на ул. Ленина д. 5 открывается поздно, т.е. после обеда."
        " => Офис на ул. Ленина д. 5 открывается поздно, т.е. после обеда.",
        "Плачу 350 руб. в месяц, однако скорость не растёт никогда."
        " => Плачу 350 руб. в месяц | скорость не растёт никогда.",
        "Писал на <EMAIL_1>. Никто не ответил на мои письма! => Писал на <EMAIL_1>. | Никто не ответил на мои письма!",
        "Всё отлично.Буду заказывать здесь ещё!Советую всем знакомым"
        " => Всё отлично. | Буду заказывать здесь ещё! | Советую всем знакомым",
        "Курьер приехал вовремя, а товар оказался совсем другим."
        " => Курьер приехал вовремя | товар оказался совсем другим.",
        "Сайт удобный, зато приложение работает очень плохо. => Сайт удобный | приложение работает очень плохо.",
        "Звонил три раза... никто так и не перезвонил мне. => Звонил три раза... | никто так и не перезвонил мне.",
        "Хотя бы один раз ответили вовремя на звонок. => Хотя бы один раз ответили вовремя на звонок.",
    ],
    "it": [
        "Il personale è gentile, ma la consegna ha richiesto tre settimane."
        " => Il personale è gentile | la consegna ha richiesto tre settimane.",
        "Prezzo buono. Consegna lenta. L'app si blocca ogni giorno!"
        " => Prezzo buono. | Consegna lenta. | L'app si blocca ogni giorno!",
        "Anche se la camera era pulita, la colazione era davvero scarsa."
        " => Anche se la camera era pulita | la colazione era davvero scarsa.",
        "Non solo sono arrivati tardi, ma hanno anche perso il pacco."
        " => Non solo sono arrivati tardi, ma hanno anche perso il pacco.",
        "Buongiorno. Internet non funziona da lunedì. Grazie! => Buongiorno. Internet non funziona da lunedì. Grazie!",
        "- prezzi\n- tempi di attesa al telefono\n- formazione del personale"
        " => prezzi | tempi di attesa al telefono | formazione del personale",
        "1. abbassare i prezzi 2. rispondere al telefono 3. sistemare l'app"
        " => abbassare i prezzi | rispondere al telefono | sistemare l'app",
        "Il sig. Rossi di via Roma n. 5 è stato molto disponibile."
        " => Il sig. Rossi di via Roma n. 5 è stato molto disponibile.",
        "Pago 3,50 euro al mese, però la bolletta dice 35 euro. => Pago 3,50 euro al mese | la bolletta dice 35 euro.",
        "Ho scritto a <EMAIL_1>. Nessuno ha risposto ai miei messaggi!"
        " => Ho scritto a <EMAIL_1>. | Nessuno ha risposto ai miei messaggi!",
        "ottimo servizio.Consegna molto veloce!Tornerò di sicuro qui"
        " => ottimo servizio. | Consegna molto veloce! | Tornerò di sicuro qui",
        "Il sito è facile da usare tuttavia il pagamento non va mai"
        " => Il sito è facile da usare | il pagamento non va mai",
        "Un po' caro, ma la qualità c'è tutta. => Un po' caro, ma la qualità c'è tutta.",
        "Il prodotto è bello, peccato che la batteria duri solo due ore."
        " => Il prodotto è bello | la batteria duri solo due ore.",
        "Ho chiamato tre volte... nessuno mi ha mai richiamato."
        " => Ho chiamato tre volte... | nessuno mi ha mai richiamato.",
    ],
    "ar": [
        "الموظفون لطفاء جدا، لكن التوصيل استغرق ثلاثة أسابيع. => الموظفون لطفاء جدا | التوصيل استغرق ثلاثة أسابيع.",
        "السعر مناسب. التوصيل بطيء جدا. التطبيق يتوقف كل يوم!"
        " => السعر مناسب. | التوصيل بطيء جدا. | التطبيق يتوقف كل يوم!",
        "رغم أن الغرفة نظيفة جدا، كان الفطور سيئا للغاية. => رغم أن الغرفة نظيفة جدا | كان الفطور سيئا للغاية.",
        "ليس فقط تأخروا ساعتين ولكن أضاعوا الطرد أيضا. => ليس فقط تأخروا ساعتين ولكن أضاعوا الطرد أيضا.",
        "السلام عليكم. الإنترنت لا يعمل منذ الاثنين. شكرا! => السلام عليكم. الإنترنت لا يعمل منذ الاثنين. شكرا!",
        "- الأسعار\n- وقت الانتظار على الهاتف\n- تدريب الموظفين => الأسعار | وقت الانتظار على الهاتف | تدريب الموظفين",
        "1. خفض الأسعار 2. الرد على الهاتف 3. إصلاح التطبيق => خفض الأسعار | الرد على الهاتف | إصلاح التطبيق",
        "د. أحمد من فرع شارع الملك رقم 5 كان متعاونا جدا. => د. أحمد من فرع شارع الملك رقم 5 كان متعاونا جدا.",
        "أدفع 3.50 ريال شهريا إلا أن الفاتورة تقول 35 ريال. => أدفع 3.50 ريال شهريا | الفاتورة تقول 35 ريال.",
        "كتبت إلى <EMAIL_1>. لم يرد أحد على رسائلي! => كتبت إلى <EMAIL_1>. | لم يرد أحد على رسائلي!",
        "هل هذا معقول؟ انتظرت ساعتين كاملتين على الخط؛ ثم أغلقوا السماعة في وجهي."
        " => هل هذا معقول؟ | انتظرت ساعتين كاملتين على الخط؛ | ثم أغلقوا السماعة في وجهي.",
        "المنتج جميل جدا ولكنه غالي الثمن بالنسبة لنا => المنتج جميل جدا | غالي الثمن بالنسبة لنا",
        "الموقع سهل الاستخدام غير أن الدفع لا يعمل أبدا => الموقع سهل الاستخدام | الدفع لا يعمل أبدا",
        "الخدمة سيئة جدا بس الموظف كان محترم معي => الخدمة سيئة جدا | الموظف كان محترم معي",
        "اتصلت ثلاث مرات... لم يتصل بي أحد بعدها. => اتصلت ثلاث مرات... | لم يتصل بي أحد بعدها.",
    ],
    "pl": [
        "Obsługa była miła, ale dostawa trwała trzy tygodnie. => Obsługa była miła | dostawa trwała trzy tygodnie.",
        "Dobra cena. Wolna dostawa. Aplikacja zawiesza się codziennie!"
        " => Dobra cena. | Wolna dostawa. | Aplikacja zawiesza się codziennie!",
        "Chociaż pokój był czysty, śniadanie było bardzo słabe."
        " => Chociaż pokój był czysty | śniadanie było bardzo słabe.",
        "Nie tylko się spóźnili, ale też zgubili moją paczkę. => Nie tylko się spóźnili, ale też zgubili moją paczkę.",
        "Dzień dobry. Internet nie działa od poniedziałku. Dziękuję!"
        " => Dzień dobry. Internet nie działa od poniedziałku. Dziękuję!",
        "- ceny\n- czas oczekiwania na linii\n- szkolenie pracowników"
        " => ceny | czas oczekiwania na linii | szkolenie pracowników",
        "1. obniżyć ceny 2. odbierać telefony 3. naprawić aplikację"
        " => obniżyć ceny | odbierać telefony | naprawić aplikację",
        "Oddział przy ul. Długiej nr 5 jest np. zamknięty w soboty."
        " => Oddział przy ul. Długiej nr 5 jest np. zamknięty w soboty.",
        "Płacę 3,50 zł miesięcznie, jednak faktura mówi 35 zł. => Płacę 3,50 zł miesięcznie | faktura mówi 35 zł.",
        "Pisałem na <EMAIL_1>. Nikt nie odpowiedział na wiadomości!"
        " => Pisałem na <EMAIL_1>. | Nikt nie odpowiedział na wiadomości!",
        "super obsługa.Szybka dostawa do domu!Na pewno tu wrócę"
        " => super obsługa. | Szybka dostawa do domu! | Na pewno tu wrócę",
        "Kurier przyjechał na czas, a towar był zupełnie inny. => Kurier przyjechał na czas | towar był zupełnie inny.",
        "Strona jest łatwa w obsłudze natomiast płatność nigdy nie działa"
        " => Strona jest łatwa w obsłudze | płatność nigdy nie działa",
        "Drogo, choć jakość naprawdę na wysokim poziomie. => Drogo, choć jakość naprawdę na wysokim poziomie.",
        "Dzwoniłem trzy razy... nikt nigdy nie oddzwonił do mnie."
        " => Dzwoniłem trzy razy... | nikt nigdy nie oddzwonił do mnie.",
    ],
    "de": [
        "Der Preis ist gut. Die Lieferung war z.B. sehr langsam!"
        " => Der Preis ist gut. | Die Lieferung war z.B. sehr langsam!",
    ],
    "und": [
        "First thing here. Second thing here\nthird thing here"
        " => First thing here. | Second thing here | third thing here",
    ],
}


def pieces(text: str, language: str) -> list[str]:
    return [text[start:end] for start, end in split_statements(text, language)]


@pytest.mark.parametrize("language", CASES)
def test_cases(language: str) -> None:
    cases = [case.split(" => ") for case in CASES[language]]
    assert {text: pieces(text, language) for text, _ in cases} == {text: split.split(" | ") for text, split in cases}


def test_each_of_the_six_languages_has_fifteen_cases() -> None:
    assert {language for language, cases in CASES.items() if len(cases) >= 15} == {"en", "ro", "ru", "it", "ar", "pl"}


@pytest.mark.parametrize("text", ["", "  \n ", "....", "?!", "- - -", "* \n *", "،"])
def test_a_text_without_words_or_emoji_has_no_statement(text: str) -> None:
    assert split_statements(text, "en") == []


@pytest.mark.parametrize("text", ["Thanks", "ok", "👍👍", "Slow", "no.", ":)", "<EMAIL_1>", "x"])
def test_a_text_that_is_one_fragment_is_one_statement(text: str) -> None:
    assert pieces(text, "en") == [text]


def test_lines_broken_by_a_program_are_joined() -> None:
    text = (
        "I ordered a new router because the old one kept on losing its\nsignal every evening. The engineer never came."
    )
    assert pieces(text, "en") == [text[: text.index(" The engineer")], "The engineer never came."]


def test_a_letter_is_split_at_its_paragraphs_and_loses_no_word() -> None:
    text = "Dear team,\n\nthe invoice was wrong\n\nnobody answers the phone\n\nRegards"
    assert pieces(text, "en") == ["Dear team,\n\nthe invoice was wrong", "nobody answers the phone\n\nRegards"]


def test_text_without_full_stops_is_cut_at_its_commas_and_conjunctions() -> None:
    clause = "the man who came to fix the line was late again, and then he left without a word to us"
    text = ", ".join([clause] * 6)
    found = pieces(text, "en")
    assert [len(piece.split()) <= 40 and len(piece.split()) >= 9 for piece in found] == [True] * len(found)
    assert {piece.split()[0] for piece in found} == {"the", "and"}


def test_text_without_any_mark_is_cut_between_words() -> None:
    text = " ".join(f"word{number}" for number in range(200))
    found = pieces(text, "en")
    assert " ".join(found) == text
    assert max(len(piece.split()) for piece in found) <= MOST_WORDS


def test_a_long_run_of_marks_is_shortened_and_does_not_take_minutes() -> None:
    assert pieces("Great service overall " + "!" * 20_000, "en") == ["Great service overall !!!"]
    assert split_statements("(" * 20_000 + " the box was empty", "en") == [(0, 20_018)]


def test_an_unknown_language_is_cut_at_sentence_ends() -> None:
    text = "Esta es una frase. Y esta es otra frase!"
    assert pieces(text, "zz") == pieces(text, "und") == ["Esta es una frase.", "Y esta es otra frase!"]


def test_languages_without_spaces_are_cut_at_their_full_stops() -> None:
    assert pieces("很好用的产品。但是送货太慢了!", "zh") == ["很好用的产品。", "但是送货太慢了!"]
    assert pieces("とても良いです。配達が遅い。", "ja") == ["とても良いです。", "配達が遅い。"]


FRAGMENTS = """
the staff was kind slow but however , . ... ! ? - • 1. 2) and although dar însă но хотя ma però لكن ale choć <EMAIL_1>
3.5 e.g. Dr. 👍 :) ؟ ؛ … ( ) " ' n't don't L'ho http://a.bc/d?e=1
"""
TEXTS = st.one_of(
    st.text(),
    st.lists(
        st.sampled_from([*FRAGMENTS.split(), "\n", "\n\n"]),
        max_size=120,
    ).map(" ".join),
)


@given(TEXTS, st.sampled_from(["en", "ro", "ru", "it", "ar", "pl", "und"]))
def test_offsets_are_exact_ordered_apart_and_trimmed(text: str, language: str) -> None:
    spans = split_statements(text, language)
    assert spans == sorted(spans)
    end_before = 0
    for start, end in spans:
        assert end_before <= start < end <= len(text)
        assert text[start:end] == text[start:end].strip()
        end_before = end


JOINING_WORDS = {"but", "however", "although", "and", "dar", "însă", "но", "хотя", "ma", "però", "لكن", "ale", "choć"}


@given(TEXTS, st.sampled_from(["en", "ro", "ru", "it", "ar", "pl"]))
def test_only_joining_words_are_left_out(text: str, language: str) -> None:
    spans = split_statements(text, language)
    if spans:
        edges = [0, *(edge for span in spans for edge in span), len(text)]
        gaps = [text[start:end] for start, end in zip(edges[::2], edges[1::2], strict=True)]
        left_out = {word for gap in gaps for word in re.findall(r"[^\W_]+", gap)}
        assert {word for word in left_out if not word.isdigit() and word.casefold() not in JOINING_WORDS} == set()
