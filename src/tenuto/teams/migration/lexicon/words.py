"""Words that names of tables and columns are made of, and what they mean.

An entry is a meaning, then words of English, German, Spanish and French for it, and
abbreviations.
Letters are plain (ä is ae, ñ is n). It holds the vocabulary of business and office databases in
general; nothing in it was taken from one schema.
"""

from typing import Final

MEANINGS: Final = """
id: id identifier ident key pk | kennung schluessel | identificador clave | identifiant cle
number: number no num nr nbr numero | nummer zahl | numero num | numero num
code: code cd | kode kuerzel | codigo cod | code
name: name nm nme | name bezeichnung bez benennung | nombre nom | nom libelle lib
title: title | titel ueberschrift | titulo | titre
salutation: salutation courtesy prefix | anrede | tratamiento saludo | civilite
first: first given fore fname firstname | vor vorname | primer primero pila | prenom premier
last: last family surname sur lname lastname | nach nachname familienname zuname | apellido ultimo
  apellidos | famille dernier nomdefamille
middle: middle mid mname | zweit mittel | segundo medio | deuxieme milieu
full: full complete whole | voll vollstaendig ganz komplett | completo | complet entier
display: display shown nick alias | anzeige spitz | visible apodo | affichage affiche pseudo
  surnom
customer: customer cust client clnt buyer purchaser patron shopper | kunde kunden kd abnehmer
  kaeufer besteller | cliente comprador | client clientele acheteur
supplier: supplier supp vendor vend provider | lieferant lief lieferanten anbieter | proveedor
  prov | fournisseur fourn
employee: employee emp staff worker personnel | mitarbeiter angestellter personal ma | empleado
  trabajador | employe salarie personnel
person: person people individual human party | person | persona | personne individu
user: user usr account member login | benutzer nutzer mitglied konto | usuario cuenta miembro |
  utilisateur membre compte
contact: contact | kontakt ansprechpartner | contacto | contact interlocuteur
company: company comp firm organization organisation org corporation business enterprise | firma
  unternehmen gesellschaft betrieb | empresa compania sociedad | societe entreprise compagnie
department: department dept division | abteilung abt bereich | departamento depto | departement
  service dept
manager: manager mgr boss supervisor superior reports head | vorgesetzter leiter chef | jefe
  gerente superior encargado | responsable chef directeur superieur
patient: patient pat | patient | paciente | patient malade
doctor: doctor physician dr medic practitioner | arzt doktor | medico doctor | medecin docteur
student: student pupil learner | student schueler studierender | estudiante alumno | etudiant
  eleve
teacher: teacher instructor professor lecturer tutor | lehrer dozent lehrkraft | profesor maestro
  docente | enseignant professeur
author: author writer creator | autor verfasser schreiber | autor escritor creador | auteur
  ecrivain createur
order: order ord purchase orders | bestellung auftrag best auftr | pedido orden compra | commande
  cde achat
line: line item position detail pos row entry | zeile posten position pos einzelheit | linea
  detalle renglon partida | ligne detail poste
invoice: invoice inv bill billing | rechnung rech faktura | factura recibo facturacion | facture
  fact facturation
payment: payment pay paid pmt remittance | zahlung bezahlung bezahlt | pago pagado cobro |
  paiement reglement paye versement
product: product prod article goods merchandise sku item | produkt artikel art ware | producto
  articulo prod | produit article prod marchandise
category: category cat categ class group family | kategorie gruppe warengruppe klasse kat |
  categoria grupo clase familia rubro | categorie groupe classe famille rayon
type: type typ kind sort | typ art sorte | tipo clase | type genre sorte
status: status state stat condition | status zustand stand | estado situacion estatus | statut
  etat
price: price prc cost rate fee charge tariff | preis kosten gebuehr | precio costo coste tarifa |
  prix cout tarif
amount: amount amt sum value val | betrag summe wert | importe monto cantidad valor suma | montant
  somme valeur
total: total grand overall gross | gesamt summe brutto total insgesamt | total bruto | total brut
net: net | netto | neto | net
tax: tax vat gst duty levy | steuer mwst ust mehrwertsteuer | impuesto iva tributo | taxe tva
  impot
discount: discount disc rebate reduction | rabatt nachlass skonto ermaessigung | descuento dto
  rebaja | remise rabais reduction
quantity: quantity qty count cnt pieces amount units number | menge anzahl stueck stk | cantidad
  cant unidades | quantite qte nombre nb
unit: unit uom measure each | einheit me einzel stueck | unidad unitario | unite unitaire
stock: stock inventory inv onhand available | lager bestand vorrat lagerbestand | existencias
  inventario stock almacen | stock inventaire
warehouse: warehouse depot store storage | lager lagerhaus depot | almacen bodega deposito |
  entrepot magasin depot
reorder: reorder replenish restock | nachbestell melde mindest | reposicion reorden |
  reapprovisionnement seuil
currency: currency curr ccy | waehrung whg | moneda divisa | devise monnaie
balance: balance bal saldo | saldo guthaben kontostand | saldo balance | solde
credit: credit limit | kredit haben | credito | credit avoir
salary: salary wage pay income | gehalt lohn einkommen | salario sueldo ingreso | salaire revenu
  paie
account: account acct acc ledger | konto | cuenta | compte
bank: bank | bank | banco | banque
iban: iban | iban | iban | iban
card: card | karte | tarjeta | carte
date: date dt day on dat | datum tag dat am | fecha dia fec | date jour dt
time: time tm hour at | zeit uhrzeit stunde | hora tiempo | heure temps horaire
year: year yr | jahr | ano anio | annee an
month: month mon mth | monat | mes | mois
created: created create creation inserted added entered registered since opened | erstellt
  angelegt anlage erfasst eingetragen seit erstellung | creado creacion alta registro insertado |
  cree creation ajoute inscription saisie
updated: updated update modified modification changed edited last | geaendert aenderung
  aktualisiert bearbeitet | actualizado modificado modificacion cambio | modifie modification maj
  miseajour
deleted: deleted removed archived | geloescht entfernt archiviert | borrado eliminado baja |
  supprime efface archive
start: start begin from valid effective open | beginn anfang von start ab | inicio desde comienzo
  | debut depuis commencement
end: end finish until to thru through close expiry expires expiration | ende bis schluss ablauf |
  fin hasta termino vencimiento caducidad | fin jusque terme expiration echeance
due: due required deadline needed | faellig faelligkeit termin frist | vencimiento requerido
  limite | echeance requis exigible
birth: birth born dob birthday bday | geburt geboren geburts gebdatum geb | nacimiento nacido nac
  | naissance ne
hire: hire hired employed employment joined entry | einstellung eintritt eingestellt |
  contratacion contrato ingreso | embauche recrutement entree
shipped: shipped ship shipping delivery delivered deliver dispatch dispatched sent | versand
  versandt lieferung liefer geliefert zustellung | envio enviado entrega entregado destino |
  livraison expedition livre envoi expedie
shipper: shipper carrier via forwarder haulier courier | spediteur versender transporteur
  frachtfuehrer zusteller | transportista mensajeria transporte | transporteur expediteur livreur
freight: freight carriage postage | fracht porto versandkosten | flete portes porte | fret port
  transport
address: address addr adr location residence | adresse anschrift adr wohnort | direccion domicilio
  dir | adresse adr domicile
street: street str road avenue lane line1 | strasse str weg gasse | calle via avenida | rue voie
  avenue
house: house building bldg | haus gebaeude hausnummer | casa edificio | maison batiment immeuble
city: city town place municipality locality | stadt ort gemeinde | ciudad localidad poblacion
  municipio | ville commune localite
postal: postal postcode zip zipcode plz | postleitzahl plz post | postal cp | postal cp postale
region: region province county state territory prov area | region bundesland provinz gebiet kanton
  | region provincia estado comarca zona territorio | region province departement territoire zone
country: country ctry nation land | land staat nation | pais nacion | pays nation
phone: phone tel telephone ph call | telefon tel fon rufnummer fernsprecher | telefono tel |
  telephone tel
mobile: mobile cell cellphone cellular | mobil handy mobiltelefon | movil celular | mobile
  portable
fax: fax telefax facsimile | fax telefax | fax | fax telecopie
extension: extension ext | durchwahl nebenstelle | extension interno | poste extension
email: email mail e | email mail epost | correo email mail electronico | courriel email mail mel
  electronique
website: website web url homepage site link uri page href | webseite internet homepage netz | web
  sitio pagina enlace | site lien web
password: password pwd passwd pass secret hash | passwort kennwort | contrasena clave | motdepasse
  passe mdp
gender: gender sex | geschlecht | genero sexo | sexe genre
age: age | alter | edad | age
ssn: ssn social insurance security nin taxid passport | sozialversicherung
  sozialversicherungsnummer steuerid ausweis pass svnr | dni nif nie cedula pasaporte seguridad |
  secu passeport nir securite
language: language lang locale tongue | sprache | idioma lengua | langue
description: description desc descr summary about text | beschreibung text beschr erlaeuterung |
  descripcion texto desc resumen | description texte resume descriptif
note: note notes remark remarks comment comments memo message | notiz bemerkung anmerkung
  kommentar hinweis notizen | nota observacion comentario observaciones notas | note remarque
  commentaire observation
content: content body payload data | inhalt daten | contenido cuerpo datos | contenu corps donnees
image: image picture photo pic img avatar | bild foto | imagen foto | image photo
path: path file filename folder dir | pfad datei ordner | ruta archivo fichero | chemin fichier
  dossier
active: active enabled live is flag | aktiv gueltig | activo habilitado vigente | actif active
  valide
discontinued: discontinued disabled obsolete retired inactive | eingestellt auslauf inaktiv |
  descontinuado inactivo baja suspendido | arrete abandonne inactif discontinue
flag: flag ind indicator bool is has | kennzeichen kz flagge merkmal ist hat | indicador marca es
  tiene | indicateur drapeau est
approved: approved confirmed verified accepted | genehmigt bestaetigt freigegeben | aprobado
  confirmado verificado | approuve confirme verifie valide
cancelled: cancelled canceled void | storniert abgebrochen | cancelado anulado | annule
priority: priority prio urgency rank | prioritaet rang dringlichkeit | prioridad rango | priorite
  rang urgence
sequence: sequence seq sort position ordinal index idx | reihenfolge folge rang index | secuencia
  posicion indice | sequence ordre indice
level: level grade tier | stufe ebene niveau | nivel grado | niveau degre
parent: parent super upper owner | eltern ober uebergeordnet | padre superior | parent superieur
  pere
child: child sub | kind unter | hijo hija | enfant fils
version: version ver revision rev | version fassung | version | version
weight: weight wt mass | gewicht | peso | poids
height: height ht | hoehe groesse | altura alto talla | hauteur taille
width: width | breite | ancho anchura | largeur
length: length len duration | laenge | largo longitud | longueur
duration: duration length elapsed milliseconds seconds minutes ms runtime | dauer laufzeit
  spieldauer millisekunden | duracion milisegundos | duree millisecondes
size: size bytes filesize volume | groesse bytes dateigroesse umfang | tamano bytes | taille
  octets
color: color colour | farbe | color | couleur
latitude: latitude lat | breite breitengrad | latitud | latitude
longitude: longitude lon lng long | laenge laengengrad | longitud | longitude
percent: percent pct percentage ratio rate share | prozent anteil satz quote | porcentaje tasa pct
  | pourcentage taux pct part
score: score rating stars points mark grade | bewertung punkte note sterne | puntuacion
  calificacion puntos nota | note score evaluation points
reference: reference ref foreign | referenz bezug verweis | referencia ref | reference ref
external: external ext foreign legacy old | extern alt fremd | externo antiguo | externe ancien
contract: contract agreement | vertrag vereinbarung | contrato acuerdo | contrat accord
project: project proj | projekt | proyecto | projet
task: task job todo work assignment | aufgabe arbeit | tarea trabajo | tache travail
ticket: ticket issue case incident request | vorgang anfrage fall stoerung ticket | incidencia
  caso solicitud ticket | demande incident billet ticket
event: event activity occasion | ereignis veranstaltung | evento actividad | evenement activite
log: log history audit journal | protokoll verlauf historie | registro historial bitacora |
  journal historique
role: role function job position | rolle funktion stelle position beruf | rol funcion cargo puesto
  | role fonction poste
permission: permission right privilege access | recht berechtigung zugriff | permiso derecho
  acceso | droit permission acces
method: method means mode way | methode verfahren weg art | metodo modo forma medio | methode mode
  moyen
terms: terms conditions | bedingungen konditionen | condiciones terminos | conditions modalites
room: room | zimmer raum | habitacion sala cuarto | chambre salle piece
booking: booking reservation appointment visit | buchung reservierung termin besuch | reserva cita
  visita | reservation rendezvous visite
flight: flight | flug | vuelo | vol
vehicle: vehicle car auto truck | fahrzeug auto wagen | vehiculo coche carro | vehicule voiture
brand: brand make manufacturer maker | marke hersteller fabrikat | marca fabricante | marque
  fabricant
model: model | modell | modelo | modele
book: book | buch | libro | livre
publisher: publisher press | verlag herausgeber | editorial editor | editeur
isbn: isbn | isbn | isbn | isbn
library: library | bibliothek buecherei | biblioteca | bibliotheque
loan: loan lending lend borrow rental rent lease | ausleihe leihe verleih miete darlehen |
  prestamo alquiler renta | pret emprunt location
return: return returned back | rueckgabe zurueck retour | devolucion retorno devuelto | retour
  rendu restitution
album: album record disc cd lp | album platte | album disco | album disque
artist: artist performer musician band | kuenstler interpret musiker | artista interprete musico |
  artiste interprete musicien
track: track song tune | titel lied stueck | pista cancion tema | piste chanson morceau
composer: composer songwriter | komponist | compositor | compositeur
genre: genre style | genre stil gattung | genero estilo | genre style
playlist: playlist | wiedergabeliste abspielliste | lista reproduccion playlist | playlist liste
  lecture
media: media medium format | medium medien traeger format | medio soporte formato | media support
  format
film: film movie | film | pelicula | film
course: course class lesson subject | kurs fach lehrveranstaltung | curso asignatura materia clase
  | cours matiere classe
school: school college university | schule hochschule universitaet | escuela colegio universidad |
  ecole lycee universite
exam: exam test | pruefung test klausur | examen prueba | examen epreuve
enrolment: enrolment enrollment registration | einschreibung anmeldung | inscripcion matricula |
  inscription
diagnosis: diagnosis | diagnose befund | diagnostico | diagnostic
treatment: treatment therapy procedure | behandlung therapie | tratamiento terapia | traitement
  therapie soin
medication: medication medicine drug | medikament arznei arzneimittel | medicamento medicina
  farmaco | medicament remede
dose: dose dosage | dosis dosierung | dosis | dose posologie
insurance: insurance insurer | versicherung | seguro aseguradora | assurance
blood: blood | blut | sangre | sang
claim: claim | anspruch schaden forderung | reclamacion siniestro reclamo | sinistre reclamation
policy: policy | police richtlinie | poliza politica | police politique
premium: premium | praemie beitrag | prima | prime cotisation
agent: agent broker representative rep seller salesperson salesman | vertreter makler verkaeufer
  vertrieb agent | agente vendedor corredor representante | agent vendeur courtier representant
sale: sale sales sold | verkauf umsatz vertrieb verkauft | venta ventas | vente ventes
territory: territory district | bezirk | territorio distrito | territoire secteur district
branch: branch office outlet shop site | filiale zweigstelle niederlassung laden | sucursal
  oficina tienda sede | succursale agence magasin bureau
team: team squad crew | mannschaft team | equipo | equipe
player: player | spieler | jugador | joueur
game: game match | spiel begegnung | juego partido | jeu match partie
device: device machine equipment asset | geraet maschine anlage | dispositivo maquina equipo
  aparato | appareil machine dispositif
sensor: sensor probe | sensor fuehler messgeraet | sensor sonda | capteur sonde
measurement: measurement reading measured sample metric | messung messwert ablesung | medicion
  lectura medida | mesure releve
temperature: temperature temp | temperatur | temperatura | temperature
humidity: humidity | feuchte feuchtigkeit luftfeuchte | humedad | humidite
pressure: pressure | druck | presion | pression
station: station | station | estacion | station
tag: tag label keyword | etikett schlagwort stichwort | etiqueta | etiquette motcle
post: post article entry | beitrag artikel | entrada publicacion | article publication billet
comment: comment reply | kommentar antwort | comentario respuesta | commentaire reponse
survey: survey questionnaire | umfrage fragebogen | encuesta cuestionario | sondage enquete
question: question | frage | pregunta | question
answer: answer response | antwort | respuesta | reponse
coupon: coupon voucher promo promotion | gutschein aktion | cupon vale promocion | bon coupon
  promotion
subscription: subscription plan | abonnement abo | suscripcion plan abono | abonnement
newsletter: newsletter mailing | rundbrief newsletter | boletin | lettre infolettre
consent: consent optin | einwilligung zustimmung | consentimiento | consentement
reason: reason cause why | grund ursache | motivo razon causa | raison motif cause
result: result outcome | ergebnis | resultado | resultat
source: source origin | quelle herkunft | origen fuente | source origine
target: target destination goal dest | ziel | destino objetivo meta | cible destination but
min: min minimum lowest least | min minimum mindest | minimo min | min minimum
max: max maximum highest most | max maximum hoechst | maximo max | max maximum
average: average avg mean | durchschnitt mittel schnitt | promedio media | moyenne
hours: hours | stunden | horas | heures
list: list directory catalog register | liste verzeichnis katalog | lista catalogo directorio |
  liste catalogue repertoire
demographic: demographic segment | demografie segment zielgruppe | demografico segmento |
  demographique segment
ip: ip ipaddress host | ip rechner | ip | ip hote
token: token session | token sitzung | token sesion | jeton session
uuid: uuid guid | uuid guid | uuid guid | uuid guid
table: table tbl | tabelle | tabla | table
"""

COMPOUNDS: Final = """
customernumber: customer number
dob: birth date
birthdate: birth date
fname: first name
lname: last name
firstname: first name
lastname: last name
surname: last name
vorname: first name
nachname: last name
familienname: last name
zuname: last name
prenom: first name
apellido: last name
apellidos: last name
zip: postal code
zipcode: postal code
postcode: postal code
plz: postal code
cp: postal code
postleitzahl: postal code
email: email
reportsto: manager
mwst: tax
maj: updated
geburtstag: birth date
birthday: birth date
handy: mobile
username: user name
login: user name
gebdatum: birth date
gebdat: birth date
hausnummer: house number
telefonnummer: phone
rufnummer: phone
artikelnummer: product number
warengruppe: category
wohnort: city
mitarbeiter: employee
ansprechpartner: contact
versandkosten: freight
lagerbestand: stock
lineitem: line
"""
"""A word that says what several do."""

STOPWORDS: Final = frozenset(
    [
        "the",
        "of",
        "a",
        "an",
        "and",
        "or",
        "to",
        "for",
        "in",
        "on",
        "by",
        "with",
        "tbl",
        "tab",
        "t",
        "fk",
        "pk",
        "col",
        "fld",
        "der",
        "die",
        "das",
        "des",
        "und",
        "von",
        "zu",
        "im",
        "el",
        "la",
        "los",
        "las",
        "de",
        "del",
        "y",
        "en",
        "le",
        "les",
        "du",
        "des",
        "et",
        "d",
        "l",
        "un",
        "une",
    ]
)
