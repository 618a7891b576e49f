"""Who speaks in a row of a chat or ticket log: the customer, or an agent, a bot, the system."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from feedback_nlp.language.reading.column_names import listed_names, normal_name, stem
from feedback_nlp.language.reading.scales import is_missing

_MOST_VALUES = 20  # different values of a column that says who speaks
_LEAST_FILLED = 0.95
_NAMES = listed_names(
    "speaker, speaker role, speaker type, sender, sender type, sender role, author type, author role, from role",
    "from type, message direction, direction, message author, message sender, participant role, participant type, turn",
    "commenter type, sent by, written by, posted by",
    "vorbitor, expeditor, tip expeditor, tip autor, direcție, direcția, direcția mesajului, trimis de",
    "говорящий, отправитель, тип отправителя, тип автора, направление, направление сообщения",
    "parlante, mittente, tipo mittente, tipo autore, direzione, inviato da",
    "المتحدث, المرسل, نوع المرسل, الاتجاه, اتجاه الرسالة",
    "mówca, nadawca, typ nadawcy, typ autora, kierunek, kierunek wiadomości, wysłane przez",
)
# Names that surveys have too: a column of them tells who speaks only where rows belong to conversations.
_LOOSE_NAMES = listed_names(
    "role, from, author, participant, party, user type, actor, who, rol, autor, participant la discuție, роль, автор",
    "кто, участник, ruolo, autore, interlocutore, الدور, الكاتب, المشارك, rola, rozmówca, uczestnik",
)
_YES_NAMES = listed_names(
    "inbound, is inbound, incoming, is incoming, is customer, from customer, is user, from user, is client",
    "from client, is from customer, customer message, is public comment by requester",
)
_NO_NAMES = listed_names(
    "outbound, is outbound, outgoing, is outgoing, is agent, from agent, is staff, from staff, is bot, from bot",
    "is from agent, is operator, from company, is employee",
)
_CUSTOMERS = frozenset(
    listed_names(
        "customer, client, user, end user, enduser, consumer, guest, visitor, caller, passenger, patient, requester",
        "buyer, shopper, subscriber, member, tenant, traveller, traveler, human, inbound, incoming, in, received",
        "clientul, clientă, utilizator, vizitator, solicitant, pasager, abonat, cumpărător, oaspete, primit, intrare",
        "клиент, клиентка, пользователь, покупатель, посетитель, абонент, гость, заказчик, пассажир",
        "входящее, входящий, входящие, входящая",
        "cliente, utente, ospite, visitatore, passeggero, richiedente, acquirente, in entrata, in arrivo, ricevuto",
        "العميل, عميل, عميلة, زبون, الزبون, مستخدم, المستخدم, زائر, الزائر, ضيف, وارد, واردة, الوارد",
        "klient, klientka, użytkownik, gość, pasażer, odwiedzający, kupujący, abonent, przychodzące, przychodząca",
        "przychodzący",
    )
)
_OTHERS = frozenset(
    listed_names(
        "agent, support, support agent, customer support, customer service, operator, staff, employee, representative",
        "rep, csr, advisor, adviser, assistant, bot, chatbot, system, automated, automation, auto reply, autoreply",
        "virtual assistant, virtual agent, ai, admin, administrator, company, business, brand, service, helpdesk",
        "help desk, team, owner, seller, merchant, supervisor, outbound, outgoing, out, sent, note, internal note",
        "consultant, angajat, asistent, robot, sistem, companie, suport, firma, ieșire, trimis, reprezentant",
        "агент, оператор, менеджер, сотрудник, специалист, поддержка, бот, робот, система, компания, консультант",
        "исходящее, исходящий, исходящие, исходящая",
        "agente, operatore, operatrice, assistente, addetto, assistenza, supporto, sistema, azienda, dipendente",
        "in uscita, inviato, consulente",
        "الوكيل, وكيل, موظف, الموظف, الدعم, دعم, المساعد, مساعد, النظام, نظام, بوت, روبوت, الشركة, صادر, صادرة, الصادر",
        "ممثل الخدمة, خدمة العملاء",
        "konsultant, konsultantka, pracownik, doradca, asystent, obsługa, obsługa klienta, wsparcie, przedstawiciel",
        "wychodzące, wychodząca, wychodzący",
    )
)
_YES = frozenset(listed_names("true, t, yes, y, 1, 1 0, da, да, si, sì, نعم, tak"))
_NO = frozenset(listed_names("false, f, no, n, 0, 0 0, nu, нет, لا, nie"))


@dataclass(frozen=True, slots=True)
class SpeakerColumn:
    """The column that says who speaks, and how its values are read.

    ``customers`` are the customer's values as told, normalised; without them usual words decide. In a column of yes
    and no, ``yes`` is whether "yes" means the customer; None in a column of words.
    """

    column: str
    customers: frozenset[str] = frozenset()
    yes: bool | None = None

    def is_customer(self, value: str) -> bool | None:
        """Whether the customer speaks in a row with this value; None when the value does not tell."""
        if self.customers:
            return None if is_missing(value) else _plain(value) in self.customers
        if is_missing(value):
            return None
        word = _plain(value)
        if self.yes is not None:
            return self.yes if word in _YES else (not self.yes if word in _NO else None)
        bare = stem(value)  # "Agent 2" is an agent
        if word in _CUSTOMERS or bare in _CUSTOMERS:
            return True
        return False if word in _OTHERS or bare in _OTHERS else None


def told_speaker(column: str, values: Iterable[str]) -> SpeakerColumn:
    """Return the column as the user told it, with the customer's values if these were told too."""
    return SpeakerColumn(column, frozenset(_plain(value) for value in values if value.strip()), _yes_means(column))


def guessed_speaker(column: str, counts: dict[str, int], *, in_conversations: bool) -> SpeakerColumn | None:
    """Return a column whose name and values say who speaks, or None.

    ``counts`` are its cells and how often each occurs. Nearly every cell has to be filled, every value has to be
    known, and both the customer and somebody else have to speak. ``in_conversations`` is whether another column names
    conversations: without it, names that surveys use too ("role") are not enough.
    """
    plain = normal_name(column)
    yes = _yes_means(column)
    if yes is None and plain not in _NAMES and not (in_conversations and plain in _LOOSE_NAMES):
        return None
    filled = {value: n for value, n in counts.items() if not is_missing(value)}
    if len(filled) > _MOST_VALUES or sum(filled.values()) < _LEAST_FILLED * sum(counts.values()):
        return None
    found = SpeakerColumn(column, yes=yes)
    voices = {found.is_customer(value) for value in filled}
    if voices != {True, False} and yes is not None:
        found = SpeakerColumn(column)  # "direction" may hold words under a name of yes and no
        voices = {found.is_customer(value) for value in filled}
    return found if voices == {True, False} else None


def could_name_speaker(column: str) -> bool:
    """Whether a column's name is one that may say who speaks."""
    plain = normal_name(column)
    return plain in _NAMES or plain in _LOOSE_NAMES or _yes_means(column) is not None


def _yes_means(column: str) -> bool | None:
    plain = normal_name(column)
    return True if plain in _YES_NAMES else (False if plain in _NO_NAMES else None)


def _plain(value: str) -> str:
    return normal_name(value) or re.sub(r"\s+", " ", value.strip().casefold())
